"""Forked children and the pipes that lead to them.

A child hears an order over its pipe, or reads its end when the supervisor is gone.  Only the
supervisor gets signals that mean something; its children ignore the terminal's and the service
manager's, and end when the pipe says so.
"""

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import NoReturn

from postseal import log

_log = logging.getLogger(__name__)


class Kind(Enum):
    """What a child does."""

    WORKER = auto()
    EXPORTER = auto()
    FETCHER = auto()
    KEEPER = auto()
    PROBER = auto()


@dataclass(slots=True)
class Child:
    """One forked process.  *leaving*: it was told to go; *kill_at*: when it has to be gone."""

    pid: int
    kind: Kind
    generation: int
    control: int
    born: float = field(default_factory=time.monotonic)
    leaving: bool = False
    kill_at: float = float("inf")

    def order(self, word: bytes, *, within: float) -> None:
        """Tell the child to go; it must be gone in *within* seconds, or sooner if it was told before."""
        self.leaving = True
        self.kill_at = min(self.kill_at, time.monotonic() + within)
        # It is dying anyway; or it is stuck, reads nothing any more and will be killed.
        with contextlib.suppress(BrokenPipeError, BlockingIOError):
            os.write(self.control, word)


class Children:
    """The living children by process id.  *private*: descriptors of ours that no child may keep."""

    def __init__(self, private: Sequence[int] = ()) -> None:
        self._private = private
        self._living: dict[int, Child] = {}

    def fork(self, kind: Kind, generation: int, life: Callable[[int], NoReturn]) -> Child:
        """Fork; the child lives *life*, which is given the reading end of its control pipe.

        Raises OSError.
        """
        reading, writing = os.pipe()
        os.set_blocking(writing, False)  # a child that reads nothing must not hold us up
        # Until the child ignores signals it has our handlers, which would tell us of a signal that it got.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                self._live(kind, partial(life, reading), closing=[writing], mask=before)
        except OSError:
            os.close(writing)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(reading)
        self._living[pid] = Child(pid, kind, generation, writing)
        return self._living[pid]

    def _live(
        self, kind: Kind, life: Callable[[], NoReturn], *, closing: list[int], mask: Iterable[int]
    ) -> NoReturn:
        try:
            # The siblings' pipes too, or they would never close.
            for descriptor in (*closing, *self._private, *(child.control for child in self._living.values())):
                os.close(descriptor)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
                signal.signal(number, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            life()
        except BaseException as error:  # noqa: BLE001 (the process ends below, whatever it was)
            failed = log.line(event="failed", what=kind.name.lower(), why=error, trace=log.trace(error))
            _log.error("%s", failed)
        finally:
            os._exit(1)

    def of(self, kind: Kind) -> list[Child]:
        """The living children of *kind*."""
        return [child for child in self._living.values() if child.kind is kind]

    def reap(self) -> list[tuple[Child, int]]:
        """The children that died since the last call, with their exit code (negative: the signal)."""
        dead = []
        while self._living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            # As the first process of a container we are also given those whose parents, our workers, died.
            if child := self._living.pop(pid, None):
                os.close(child.control)
                dead.append((child, os.waitstatus_to_exitcode(status)))
        return dead

    def overdue(self) -> list[Child]:
        """The children that should be gone by now."""
        now = time.monotonic()
        return [child for child in self._living.values() if child.kill_at <= now]

    def kill(self, kind: Kind) -> None:
        """End the children of *kind* at once, and wait until they are gone."""
        for child in self.of(kind):
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            os.close(self._living.pop(child.pid).control)
