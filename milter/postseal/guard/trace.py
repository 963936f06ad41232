"""The mark in the trace line of a copy, by which we know it when it comes back to us.

It stands as a comment in our `Received` field, so it needs no field of its own and survives every MTA:

    Received: by mx.example.com (Postseal) id 4Wx2Lk
        (guard AaQ…); Mon, 23 Nov 2026 09:00:00 +0000

The mark is bound to the name after `by`, a nonce, the time, the message, its sender and exactly its
recipients.  It says nothing about them to who reads it, not even how many they are: a plain copy may
be shared by hidden recipients.  A copy whose recipients were divided on its way is therefore not known again,
and is treated as any mail.
"""

import hashlib
import hmac
import re
import secrets
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from postseal.envelope import Envelope, Recipient, key
from postseal.guard.digest import digest_of, present
from postseal.guard.own import TLS, TLS_LATER
from postseal.guard.seal import NotHonoured, Seal, Verdict
from postseal.message import Message

_TOP: Final = 5
"""Trace fields that are looked at, from the top: what is further down was with others since."""
_LINE: Final = re.compile(rb"by ([!-~]+) \(Postseal\) id [!-~]+ \(guard ([\w-]+)\)")
_SPACE: Final = re.compile(rb"[ \t\r\n]+")
_LAYOUT: Final = struct.Struct(">12sIH16s")
"""Nonce, Unix time, which fields the digest is over, and to what the mark is bound."""
_TLS: Final = 1 << 15
"""Set beside the bits of the fields: the copy must not travel without TLS."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A copy of ours.  *key*: under which it is honoured, once; *tls*: whether it must not travel without."""

    key: bytes
    tls: bool


@dataclass(frozen=True, slots=True)
class Guard:
    """Writes and reads marks; one older than *age* is not honoured."""

    seal: Seal
    age: timedelta

    def mark(
        self, message: Message, sender: str, recipients: Iterable[Recipient], *, name: str, at: datetime
    ) -> str:
        """The comment for a trace line by *name* on *message*, without the parentheses."""
        nonce, fields = (
            secrets.token_bytes(12),
            present(message) | (_TLS if message.all(TLS, TLS_LATER) else 0),
        )
        bound = self._bound(message, sender, recipients, nonce=nonce, fields=fields)
        said = _LAYOUT.pack(nonce, int(at.timestamp()), fields, bound)
        return f"guard {self.seal.sealed(_purpose(name.encode('ascii', 'replace')), said)}"

    def recognised(self, message: Message, envelope: Envelope, at: datetime) -> Recognised | None:
        """What the mark on *message* says; None if there is no mark.

        Raises NotHonoured if there is one that means nothing for this message.
        """
        trace = (header.value for header in message.all("Received")[:_TOP])
        marks = (mark for value in trace if (mark := _LINE.match(_SPACE.sub(b" ", value).strip())))
        unknown: NotHonoured | None = None
        for mark in marks:
            name, text = mark.groups()
            try:
                said = self.seal.opened(_purpose(name), text)
            except NotHonoured as error:
                # That of another site says nothing about ours further down.
                if error.verdict is not Verdict.FOREIGN:
                    raise
                unknown = error
                continue
            return self._judged(said, message, envelope, at)
        if unknown:
            raise unknown
        return None

    def _judged(self, said: bytes, message: Message, envelope: Envelope, at: datetime) -> Recognised:
        nonce, since, fields, bound = _LAYOUT.unpack(said)
        found = self._bound(message, envelope.sender, envelope.recipients, nonce=nonce, fields=fields)
        if not hmac.compare_digest(bound, found):
            raise NotHonoured(Verdict.OTHER)
        if abs(at.timestamp() - since) > self.age.total_seconds():
            raise NotHonoured(Verdict.EXPIRED)
        return Recognised(hashlib.sha256(b"guard " + nonce).digest(), bool(fields & _TLS))

    def _bound(
        self, message: Message, sender: str, recipients: Iterable[Recipient], *, nonce: bytes, fields: int
    ) -> bytes:
        addresses = [key(sender), *sorted({key(recipient.address) for recipient in recipients})]
        told = (address.encode("utf-8", "surrogateescape") for address in addresses)
        return self.seal.mac(b"guard binding", nonce, digest_of(message, fields), *told)


def _purpose(name: bytes) -> bytes:
    return b"guard by " + name
