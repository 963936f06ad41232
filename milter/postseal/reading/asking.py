"""Asks the processes that read for us (see `child`), within what one view may cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from postseal.body import Body
from postseal.content.worker import Facts, GivenUp, Workers
from postseal.settings.extraction import Extraction

_ANSWER = 24 << 20
_LOCKED = 40 << 20
LARGEST = 64 << 20
"""Octets of the largest file that is unpacked."""


@lru_cache(maxsize=4)
def readers(limits: Extraction) -> Workers:
    """The processes for these *limits*: they stay warm."""
    return Workers("postseal.reading.child", limits, _ANSWER)


@lru_cache(maxsize=4)
def drawers(limits: Extraction) -> Workers:
    """Those that draw.  They are others, as libraries that are not safe in memory read files there."""
    return Workers("postseal.reading.drawing", limits, _ANSWER)


@lru_cache(maxsize=4)
def lockers(limits: Extraction) -> Workers:
    """Those that encrypt files, with libraries of that kind as well."""
    return Workers("postseal.reading.locking", limits, _LOCKED)


@dataclass(slots=True)
class Asking:
    """The questions of one view; after *seconds* together there are no more answers."""

    workers: Workers
    seconds: float
    _begin: float = field(default_factory=time.monotonic)

    def ask(self, task: str, octets: Body, **job: object) -> tuple[Facts, bytes] | None:
        """The answer; None if there is none."""
        left = self.seconds - (time.monotonic() - self._begin)
        if left <= 0 or octets.size > LARGEST:
            return None
        head: Mapping[str, object] = {"task": task, "seconds": max(1, round(left)), **job}
        try:
            return self.workers.ask(head, octets, lambda facts, more: (facts, more), seconds=left)
        except GivenUp:
            return None
