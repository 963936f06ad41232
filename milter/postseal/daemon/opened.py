"""The sockets that the supervisor holds for its children, and who serves which.

They stay open while children come and go, so that who asks meanwhile waits a moment and is not refused.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from postseal.daemon.beside import Life, without
from postseal.daemon.children import Kind
from postseal.daemon.exporter import Server, export
from postseal.daemon.fetcher import fetch, needed
from postseal.daemon.house import House
from postseal.daemon.keeper import keep
from postseal.daemon.prepare import needs_store
from postseal.daemon.prober import probe
from postseal.mta.socket import Listener
from postseal.settings.settings import Settings

_FIXED = ("listen", "metrics", "runtime_directory")
"""Settings that only a restart changes."""


@dataclass(frozen=True, slots=True)
class Opened:
    """*milter*: where mail is brought; *exporter*: where metrics are."""

    milter: Listener
    exporter: Server | None

    @property
    def beside(self) -> Sequence[int]:
        """The descriptors that no worker may keep."""
        return [self.exporter.fileno()] if self.exporter else []

    def close_for_worker(self) -> None:
        """Close what a worker must not hold."""
        for each in self.beside:
            os.close(each)

    def lives(self, built: House, directory: Path, counters: Path, *, generation: int) -> dict[Kind, Life]:
        """What children there are to be beside the workers; none of them may hold a socket of others."""
        settings = built.settings
        lives: dict[Kind, tuple[Life, int]] = {}
        if self.exporter:
            lives[Kind.EXPORTER] = partial(export, self.exporter, directory, counters), self.exporter.fileno()
        if needed(settings):
            lives[Kind.FETCHER] = partial(fetch, settings), -1
        if built.policy.protects_by("tls"):
            lives[Kind.PROBER] = partial(probe, settings, directory), -1
        if needs_store(settings):
            life = partial(keep, settings, directory, generation=generation, made=built.store_made)
            lives[Kind.KEEPER] = life, -1
        held = [self.milter.descriptor, *self.beside]
        return {
            kind: without([each for each in held if each != own], life) for kind, (life, own) in lives.items()
        }


def fixed(new: Settings, started_with: Settings) -> list[str]:
    """The settings of *new* that take effect only after a restart."""
    return [name for name in _FIXED if getattr(new, name) != getattr(started_with, name)]
