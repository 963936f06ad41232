"""The brandings of a process that is not told when their files change: it looks, now and then.

Files that are bad change nothing; the log says what is wrong with them, once.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from postseal import log
from postseal.branding.branding import DEFAULT, Branding
from postseal.branding.load import read
from postseal.errors import BadInput

_log = logging.getLogger(__name__)

_PAUSE: Final = 5.0
"""Seconds between two looks."""


class Shelf(Mapping[str, Branding]):
    """The brandings in *folder* by their words, as they are now.

    Raises BadInput if they are bad at the beginning.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._state = self._stamp()
        self._looked = clock()
        self._brandings = read(folder)

    def __getitem__(self, word: str) -> Branding:
        return self._now()[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def find(self, word: str) -> Branding:
        """The branding *word*; if there is none any more, the default one, and the log says so."""
        brandings = self._now()
        if word and word not in brandings:
            _log.warning("%s", log.line(event="branding_missing", branding=word))
        return brandings.get(word) or brandings[DEFAULT]

    def _now(self) -> Mapping[str, Branding]:
        if self._clock() - self._looked >= _PAUSE and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._brandings

    def _look(self) -> None:
        self._looked = self._clock()
        if (state := self._stamp()) == self._state:
            return
        self._state = state
        try:
            self._brandings = read(self._folder)
        except BadInput as error:
            why = "; ".join(f"{problem.place}: {problem.what}" for problem in error.problems)
            _log.warning("%s", log.line(event="brandings_not_read", why=why))
            return
        _log.info("%s", log.line(event="brandings_read", number=len(self._brandings)))

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        """What changes with the files, logos too."""
        try:
            files = [(path.name, path.stat()) for path in sorted(self._folder.iterdir())]
        except OSError:
            return ()
        return tuple((name, status.st_mtime_ns, status.st_size) for name, status in files)
