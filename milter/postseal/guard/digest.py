"""The digest of a message that stays the same while MTAs carry it: its body and the fields that identify it.

An MTA adds trace fields, adds a Message-ID or a Date where there is none, folds anew and ends the last line;
none of that counts.  Anything that changes the text, or what the text is taken for, does.
"""

import hashlib
import re
from collections.abc import Iterable
from typing import Final

from postseal.message import Message

FIELDS: Final = (
    *("From", "Sender", "To", "Cc", "Subject", "In-Reply-To", "References", "Message-ID", "Date"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
)
"""What identifies a message.  The order is part of every seal that holds `present`: add at the end."""

_SPACE: Final = re.compile(rb"[ \t\r\n]+")


def digest(message: Message, names: Iterable[str]) -> bytes:
    """SHA-256 over the fields *names* of *message* and its body."""
    told = hashlib.sha256()
    for header in message.all(*names):
        told.update(header.name.strip().lower() + b":" + _SPACE.sub(b" ", header.value).strip() + b"\0")
    told.update(b"\0")
    end = b""
    for piece in message.body.pieces():
        told.update(piece)
        end = (end + piece)[-2:]
    if end not in {b"", b"\r\n"}:  # SMTP carries whole lines
        told.update(b"\r\n")
    return told.digest()


def present(message: Message) -> int:
    """Which of `FIELDS` *message* has: bit n for the n-th."""
    names = {header.name.strip().lower() for header in message.headers}
    return sum(1 << bit for bit, name in enumerate(FIELDS) if name.lower().encode() in names)


def digest_of(message: Message, fields: int) -> bytes:
    """The digest over those of `FIELDS` that were `present` once; what was added since does not count."""
    return digest(message, (name for bit, name in enumerate(FIELDS) if fields >> bit & 1))
