"""Files that may leave encrypted: PDF with what the reader may do, Office documents with a password alone.

Locked by a process that may die of it.  Whatever goes wrong, and where a file is signed, closed by its author
or not what it says it is, `NotLocked` is raised: the file itself is never the answer.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from postseal.body import Body, Spool
from postseal.content import kind as kinds
from postseal.reading.asking import Asking, lockers
from postseal.reading.attachment import OFFICE, Attachment
from postseal.settings.extraction import Extraction

_LIMITS: Final = Extraction(seconds=20.0)
LARGEST: Final = 32 << 20
"""Octets of the largest file that is locked."""
_BEGINS: Final = {"pdf": b"%PDF-", "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}


class Why(StrEnum):
    """Why a file was not locked."""

    SIGNED = "signed"
    CLOSED = "closed"  # its author has encrypted it
    DAMAGED = "damaged"
    LARGE = "large"
    MISSING = "missing"  # the library is not installed


class NotLocked(Exception):
    """The file must not leave, as it could not be locked."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Lock:
    """*password*: what opens it.  Of PDF alone: *allowed*: `print`, `copy`, `edit`; *mark*: across pages."""

    password: str
    allowed: Collection[str] = ()
    mark: str = ""


def lockable(attachment: Attachment) -> str:
    """`pdf` or `office`, if a file of its type can be locked; else ""."""
    if attachment.kind == kinds.PDF:
        return "pdf"
    return "office" if attachment.kind in OFFICE else ""


def locked(attachment: Attachment, lock: Lock, spool: Spool, *, limits: Extraction = _LIMITS) -> Body:
    """*attachment*, encrypted with AES-256.  Raises NotLocked."""
    kind = lockable(attachment)
    if not kind:
        raise NotLocked(Why.DAMAGED)
    draft, size = spool.draft(), 0
    for piece in attachment.pieces():
        size += len(piece)
        if size > LARGEST:
            raise NotLocked(Why.LARGE)
        draft.write(piece)
    # Nobody knows the second password of a PDF, that of its owner: it would lift what is withheld.
    told = {"password": lock.password, "owner": secrets.token_urlsafe(32)}
    asking = Asking(lockers(limits), limits.seconds)
    answer = asking.ask("lock", draft.body(), kind=kind, allowed=list(lock.allowed), mark=lock.mark, **told)
    if answer is None:
        raise NotLocked(Why.DAMAGED)
    facts, octets = answer
    if "why" in facts or not octets.startswith(_BEGINS[kind]):
        why = str(facts.get("why"))
        raise NotLocked(Why(why) if why in set(Why) else Why.DAMAGED)
    draft = spool.draft()
    draft.write(octets)
    return draft.body()
