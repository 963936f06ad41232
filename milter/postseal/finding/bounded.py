"""Asks somebody elsewhere, and waits no longer than allowed: no resolver, no server holds up the mail.

Each source has a few threads at most; one that hangs keeps its thread, and when all hang, the next
question fails at once.  After a failure the source is left alone for a moment, so that a server that
is down costs one wait and not one for every message.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from postseal import log
from postseal.errors import Cause, Failure

T = TypeVar("T")

_log = logging.getLogger(__name__)

_THREADS: Final = 8
_REST_SECONDS: Final = 10.0


class Bounded:
    """One source, by its *name*.  Threads may share it."""

    def __init__(self, name: str, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._seconds = seconds
        self._clock = clock
        self._slots = threading.BoundedSemaphore(_THREADS)
        self._rest_until = float("-inf")
        self._why = ""

    def ask(self, work: Callable[[], T]) -> T:
        """What *work* returns.  Raises Failure(LOOKUP) if it raises one, or if the time is over."""
        if self._clock() < self._rest_until:
            raise Failure(Cause.LOOKUP, self._why)
        if not self._slots.acquire(timeout=self._seconds):
            raise self._failed(f"{self._name}: {_THREADS} questions are unanswered")
        answer: Future[T] = Future()

        def act() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 (it is raised again where it was asked for)
                self._slots.release()
                answer.set_exception(error)
            else:
                self._slots.release()
                answer.set_result(result)

        thread = threading.Thread(target=act, name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads
            self._slots.release()
            raise self._failed(f"{self._name}: {error}") from None
        try:
            return answer.result(self._seconds)
        except TimeoutError:
            raise self._failed(f"{self._name}: no answer within {self._seconds:g} s") from None
        except Failure as failure:
            raise self._failed(failure.detail) from None
        except Exception as error:  # noqa: BLE001 (what a server makes of a library is no more than a failed lookup)
            raise self._failed(f"{self._name}: {type(error).__name__} ({log.trace(error)})") from None

    def _failed(self, why: str) -> Failure:
        self._rest_until, self._why = self._clock() + _REST_SECONDS, why
        _log.warning("%s", log.line(event="lookup_failed", source=self._name, why=why))
        return Failure(Cause.LOOKUP, why)
