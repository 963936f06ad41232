"""The processes beside the workers: exporting metrics, fetching what issuers say, keeping the store,
looking at the TLS of domains.

None handles mail.  One that dies is forked again, at most once a second; at a reload those that work
by the settings are replaced.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, NoReturn

from postseal import log
from postseal.daemon.children import Child, Children, Kind

_log = logging.getLogger(__name__)

_BY_SETTINGS: Final = (Kind.FETCHER, Kind.KEEPER, Kind.PROBER)

Life = Callable[[int], NoReturn]
"""What a child does; it is given the reading end of its control pipe."""


class Beside:
    """Keeps one child of each kind among *lives* alive."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._lives: Mapping[Kind, Life] = {}
        self._next = dict.fromkeys(Kind, float("-inf"))

    def wants(self, lives: Mapping[Kind, Life]) -> None:
        """Keep these from now on; those that work by the settings are ended, and forked anew."""
        self._lives = lives
        for kind in _BY_SETTINGS:
            self._children.kill(kind)
            self._next[kind] = float("-inf")

    def fork_missing(self, generation: int) -> None:
        """Fork those that are not there.  Raises OSError."""
        now = time.monotonic()
        for kind, life in self._missing().items():
            if now >= self._next[kind]:
                self._next[kind] = now + 1.0
                self._children.fork(kind, generation, life)

    def patience(self) -> float:
        """Seconds until one has to be forked."""
        now = time.monotonic()
        return min((max(0.0, self._next[kind] - now) for kind in self._missing()), default=float("inf"))

    def known(self) -> dict[str, int]:
        """Their processes, by what they do."""
        return {kind.name.lower(): child.pid for kind in self._lives for child in self._children.of(kind)}

    def end(self) -> None:
        """End them all."""
        for kind in (Kind.EXPORTER, *_BY_SETTINGS):
            self._children.kill(kind)

    def _missing(self) -> dict[Kind, Life]:
        return {kind: life for kind, life in self._lives.items() if not self._children.of(kind)}


def died(child: Child, how: str) -> bool:
    """Tell that *child* died; whether it was one of those beside the workers."""
    if child.kind is Kind.WORKER:
        return False
    name = child.kind.name.lower()
    _log.error("%s", log.line(event=f"{name}_died", **{name: child.pid}, how=how))
    return True


def without(descriptors: Sequence[int], life: Life) -> Life:
    """*life* in a child that first closes *descriptors*: no other daemon could listen while it held them."""
    return partial(_live, descriptors, life)


def _live(descriptors: Sequence[int], life: Life, control: int) -> NoReturn:
    for descriptor in descriptors:
        os.close(descriptor)
    life(control)
