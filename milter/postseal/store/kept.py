"""The words of kept certificates: how we came by one, what was said of it, what becomes of a new one."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

ISSUERS = "*"
"""In place of an address: authorities that help to find a path, and are believed no more than their own."""


class Origin(StrEnum):
    """How we came by a certificate."""

    IMPORTED = "imported"  # by the administrator
    HARVESTED = "harvested"  # from signed mail
    LDAP = "ldap"
    DNS = "dns"
    HTTP = "http"


class Word(StrEnum):
    """What the administrator said of a certificate."""

    NOTHING = ""
    TRUSTED = "trusted"  # used without a path to an authority
    DISTRUSTED = "distrusted"  # never used, nor what it issued


class Outcome(StrEnum):
    """What became of a harvested certificate."""

    KNOWN = "known"
    PINNED = "pinned"  # the first of its address
    RENEWED = "renewed"  # it replaces one, as the rules allow
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class New:
    """A certificate to keep.  *key*, *issuer*: SHA-256 of its public key and of its issuer's name, DER."""

    fingerprint: bytes
    octets: bytes = field(repr=False)
    key: bytes
    issuer: bytes
    ends: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """The *words* of what somebody's programs read, as he signed at the time *at*."""

    words: frozenset[str]
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A certificate as it is kept for one address, "" if for none; *capabilities*: what its owner reads."""

    fingerprint: bytes
    octets: bytes = field(repr=False)
    word: Word
    address: str
    origin: Origin
    pending: bool
    since: datetime
    capabilities: frozenset[str] = frozenset()

    @classmethod
    def found(cls, new: New, address: str, origin: Origin, at: datetime) -> "Kept":
        """*new* as *origin* gave it for *address*."""
        return cls(new.fingerprint, new.octets, Word.NOTHING, address, origin, pending=False, since=at)
