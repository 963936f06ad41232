"""Which domains are known to take mail over TLS with a trusted certificate: asked off the way of mail.

A worker that meets a domain of which nothing is known asks for it by a datagram and goes on; a process beside
the workers looks, and writes what it found into a file.  What is in the file only chooses between ways to
protect: mail for which TLS was chosen still goes by verified TLS or waits, whatever the file said.
"""

import json
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from postseal.envelope import domain_key

_FILE: Final = "tls_offers.json"
_SOCKET: Final = "tls_offers.sock"
_LASTS: Final = {True: 86400.0, False: 3600.0}
"""Seconds for which a domain is known to offer verified TLS, or not to."""
_MOST: Final = 20_000
"""Domains that are remembered."""


class Offers:
    """What is known, as a worker sees it.  *directory*: the runtime directory."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._clock = clock
        self._seen = (0, 0)
        self._known: Mapping[str, tuple[bool, float]] = {}

    def verified(self, domain: str) -> bool:
        """Whether *domain* is known to offer verified TLS; if that is not known, somebody looks."""
        domain = domain_key(domain)
        offers, until = self._read().get(domain, (False, 0.0))
        left = until - self._clock()
        if left < _LASTS[offers] / 2:
            self._ask(domain)
        return offers and left > 0

    def _read(self) -> Mapping[str, tuple[bool, float]]:
        with suppress(OSError, ValueError):
            facts = (self._directory / _FILE).stat()
            if (facts.st_mtime_ns, facts.st_ino) != self._seen:
                self._known = read(self._directory)
                self._seen = facts.st_mtime_ns, facts.st_ino
        return self._known

    def _ask(self, domain: str) -> None:
        with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.sendto(domain.encode("ascii"), str(self._directory / _SOCKET))


def read(directory: Path) -> dict[str, tuple[bool, float]]:
    """Domain → whether it offers verified TLS, and until when that is good."""
    try:
        found = json.loads((directory / _FILE).read_text(encoding="utf-8"))
        return {str(domain): (bool(offers), float(until)) for domain, (offers, until) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def note(directory: Path, domain: str, *, offers: bool, at: float) -> None:
    """Write down what was found about *domain*.  Raises OSError."""
    known = {each: (said, until) for each, (said, until) in read(directory).items() if until > at}
    known[domain] = (offers, at + _LASTS[offers])
    while len(known) > _MOST:
        del known[next(iter(known))]
    aside = directory / f"{_FILE}.new"
    aside.write_text(json.dumps(known), encoding="utf-8")
    aside.replace(directory / _FILE)


def listen(directory: Path) -> socket.socket:
    """Where workers ask.  Raises OSError."""
    path = directory / _SOCKET
    path.unlink(missing_ok=True)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    opened.bind(str(path))
    return opened
