"""The TLS without which a copy must not travel to the next server, and how the MTA is told.

We do not speak to that server; the MTA does.  It is told by one field, by which it chooses a transport of its
own for every requirement (contrib/postfix); a transport that is not there makes the mail wait.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from postseal.guard.own import TLS
from postseal.message import Header, Message

TRANSPORT: Final = "postseal-tls-"
"""How the names of the MTA's transports begin."""


class Level(StrEnum):
    """How much is asked of the next server, in Postfix's words (TLS_README)."""

    ENCRYPT = "encrypt"  # TLS, with whomever
    VERIFY = "verify"  # a trusted certificate for the name that DNS gave
    SECURE = "secure"  # a trusted certificate for a name that we know
    FINGERPRINT = "fingerprint"  # one of these certificates or keys
    DANE_ONLY = "dane-only"  # what the domain publishes by DNSSEC (RFC 7672)
    DANE = "dane"  # the same where the domain publishes it; where it does not, as `verify`

    @property
    def rank(self) -> int:
        """How strict it is: a network that lies gets less past a higher one."""
        return _RANKS[self]


_RANKS: Final = {
    Level.ENCRYPT: 0,
    Level.VERIFY: 1,
    Level.DANE: 2,
    Level.SECURE: 3,
    Level.FINGERPRINT: 3,
    Level.DANE_ONLY: 3,
}


@dataclass(frozen=True, slots=True)
class RequiredTls:
    """A *level*, and the names or fingerprints of which one must *match*; none: those of the next hop.

    *next_hop*: the server to go to, "" for that of the MTA's own route.
    """

    level: Level
    match: tuple[str, ...] = ()
    next_hop: str = ""

    @property
    def name(self) -> str:
        """What tells it from other requirements: the level, and a digest of what must match."""
        if not self.match:
            return str(self.level)
        told = "\n".join(self.match).encode("utf-8")
        return f"{self.level}-{hashlib.sha256(told).hexdigest()[:12]}"

    @property
    def transport(self) -> str:
        """The transport of the MTA that does it."""
        return TRANSPORT + self.name

    @property
    def field(self) -> Header:
        """The field by which the MTA learns of it."""
        return Header.of(TLS, f"{self.name} {self.next_hop}".rstrip())

    def __str__(self) -> str:
        said = f"{{{self.level}: [{', '.join(self.match)}]}}" if self.match else str(self.level)
        return f"{said} by {self.next_hop}" if self.next_hop else said


def asks_for_a_certificate(message: Message) -> bool:
    """Whether *message* has our field, of a level at which not any certificate will do."""
    said = (header.value.strip() for header in message.all(TLS))
    return any(not value.startswith(Level.ENCRYPT.encode()) for value in said)


def stricter(one: RequiredTls | None, other: RequiredTls | None) -> RequiredTls | None:
    """The stricter of two requirements, the first if they are as strict; the way is that of who names one."""
    if one is None or other is None:
        return one or other
    chosen = other if other.level.rank > one.level.rank else one
    return replace(chosen, next_hop=one.next_hop or other.next_hop)
