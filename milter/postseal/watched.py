"""What a folder holds, for a process that is not told when its files change: it looks, now and then.

Files that are bad change nothing; the log says what is wrong with them, once.
"""

import logging
import threading
import time
from collections.abc import Callable, Sized
from pathlib import Path
from typing import Final, Generic, TypeVar

from postseal import log
from postseal.errors import BadInput

_log = logging.getLogger(__name__)

T = TypeVar("T", bound=Sized)

_PAUSE: Final = 5.0
"""Seconds between two looks."""


class Watched(Generic[T]):
    """What *read* makes of *folder*, as that is now; *name*: of it in the log, in the plural.

    Raises BadInput if the files are bad at the beginning.
    """

    def __init__(
        self,
        folder: Path,
        read: Callable[[Path], T],
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._read = read
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._state = self._stamp()
        self._looked = clock()
        self._found = read(folder)

    def now(self) -> T:
        """What was read last; looks anew if that is a while ago."""
        if self._clock() - self._looked >= _PAUSE and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._found

    def _look(self) -> None:
        self._looked = self._clock()
        if (state := self._stamp()) == self._state:
            return
        self._state = state
        try:
            self._found = self._read(self._folder)
        except BadInput as error:
            why = "; ".join(f"{problem.place}: {problem.what}" for problem in error.problems)
            _log.warning("%s", log.line(event=f"{self._name}_not_read", why=why))
            return
        _log.info("%s", log.line(event=f"{self._name}_read", number=len(self._found)))

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        """What changes with the files, whatever their kind."""
        try:
            files = [(path.name, path.stat()) for path in sorted(self._folder.iterdir())]
        except OSError:
            return ()
        return tuple((name, status.st_mtime_ns, status.st_size) for name, status in files)
