"""The brandings of a process that is not told when their files change."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from postseal import log
from postseal.branding.branding import DEFAULT, Branding
from postseal.branding.load import read
from postseal.watched import Watched

_log = logging.getLogger(__name__)


class Shelf(Mapping[str, Branding]):
    """The brandings in *folder* by their words, as they are now.

    Raises BadInput if they are bad at the beginning.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._brandings = Watched(folder, read, "brandings", clock=clock)

    def __getitem__(self, word: str) -> Branding:
        return self._brandings.now()[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._brandings.now())

    def __len__(self) -> int:
        return len(self._brandings.now())

    def find(self, word: str) -> Branding:
        """The branding *word*; if there is none any more, the default one, and the log says so."""
        brandings = self._brandings.now()
        if word and word not in brandings:
            _log.warning("%s", log.line(event="branding_missing", branding=word))
        return brandings.get(word) or brandings[DEFAULT]
