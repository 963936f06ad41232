"""Calls that must not run in a thread of libmilter.

pymilter makes the interpreter's state of such a thread by hand, so PyGILState_Ensure, by which C code that
has let go of the interpreter calls back into Python, does not find it: the process dies of SIGSEGV.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_THREADS = 4


class _Threads:
    """Threads that Python made, of this process: none survives a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock, self._pool = threading.Lock(), None

    def pool(self) -> ThreadPoolExecutor:
        """The threads, made when they are first needed."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="scan")
            return self._pool


_threads = _Threads()


def called(function: Callable[[], T]) -> T:
    """*function*(), in the main thread or in one that Python made; raises what it raises."""
    if threading.get_ident() == threading.main_thread().ident:
        return function()
    return _threads.pool().submit(function).result()
