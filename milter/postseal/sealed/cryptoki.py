"""PKCS #11 libraries: each is spoken to by one thread of ours, in the process that needs it.

A library is told that one thread uses it, and python-pkcs11 waits for ever in threads that Python has not
started, as those of libmilter are.  Nothing of a library survives a fork: it is closed before, and opened
anew by whoever asks next.
"""

import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final, TypeVar

from postseal.errors import Cause, Failure

if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib as Cryptoki  # noqa: N812 (a class)

T = TypeVar("T")

LONGEST_SECONDS: Final = 20.0
"""How long anybody waits for a library."""


class Library:
    """The library in the file *path*."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._loaded: Cryptoki | None = None
        self.closing: list[Callable[[], None]] = []
        """What is to be done when all sessions have ended."""

    def do(self, work: Callable[[], T]) -> T:
        """What *work*, which may use the library, returns or raises.  Failure(KEYS) if it takes too long."""
        done: Future[T] = Future()

        def job() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(work())
            except BaseException as error:  # noqa: BLE001 (the caller's)
                done.set_exception(error)

        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pkcs11", daemon=True)
                self._thread.start()
            self._jobs.put(job)
        try:
            return done.result(LONGEST_SECONDS)
        except TimeoutError:
            done.cancel()
            raise Failure(Cause.KEYS, f"{self._path.name} does not answer") from None

    def loaded(self) -> "Cryptoki":
        """The library, for use by `do`.  Raises PKCS11Error."""
        import pkcs11  # noqa: PLC0415

        self._loaded = pkcs11.lib(str(self._path))
        return self._loaded

    def close(self) -> None:
        """End all sessions, and forget what the library knows of its slots; for use by `do`."""
        import pkcs11  # noqa: PLC0415

        for told in self.closing:
            told()
        if self._loaded is not None:
            with contextlib.suppress(pkcs11.PKCS11Error):
                self._loaded.finalize()
        self._loaded = None

    def pause(self) -> None:
        """Close it and end its thread; nobody gets any further until `resume`."""
        self._lock.acquire()
        if self._thread is not None:
            self._jobs.put(self.close)
            self._jobs.put(None)
            self._thread.join(LONGEST_SECONDS)
            self._thread = None

    def resume(self) -> None:
        """Let others use it again."""
        self._lock.release()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


_libraries: dict[Path, Library] = {}
_lock = threading.Lock()


def of(path: Path) -> Library:
    """The library in the file *path*, one for the whole process."""
    with _lock:
        return _libraries.setdefault(path, Library(path))


def pause() -> None:
    """End all sessions of this process, and let nobody start one until `resume`."""
    _lock.acquire()
    for library in _libraries.values():
        library.pause()


def resume() -> None:
    """Whoever needs a token opens it anew."""
    for library in _libraries.values():
        library.resume()
    _lock.release()


os.register_at_fork(before=pause, after_in_parent=resume, after_in_child=resume)
