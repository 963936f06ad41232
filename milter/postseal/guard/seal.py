"""Words of ours that we can tell from everybody else's: sealed with an HMAC (RFC 2104) under a key of ours.

A seal hides nothing; `hidden` does.  It proves that who has the secret wrote exactly these octets, for this
purpose; whether they are about the mail at hand, and not too old, is for the reader to ask.
"""

import base64
import binascii
import hmac
import os
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postseal.guard.secret import derived

_VERSION: Final = b"\x01"
_KEY_ID: Final = 4
_NONCE: Final = 12
_MAC: Final = 16
"""Octets of an HMAC-SHA256 that are kept: half of them (RFC 2104 §5)."""


class Verdict(StrEnum):
    """What a sealed text turned out to be; the word of metrics and the log."""

    HONOURED = "honoured"
    FOREIGN = "foreign"  # sealed with another secret, or not sealed at all
    FORGED = "forged"  # it names our secret, and was not sealed with it
    EXPIRED = "expired"  # ours, and too old
    OTHER = "other"  # ours, about another message, sender or recipient
    REPLAYED = "replayed"  # ours, and honoured before


class NotHonoured(Exception):
    """A sealed text that is not what it seems; *verdict*: what it is."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.value)


@dataclass(frozen=True, slots=True)
class Seal:
    """Seals and opens.  *key_id* tells texts of another secret from forged ones, so that mail of
    other sites, which have Postseal too, is not taken for an attack."""

    key: bytes = field(repr=False)
    key_id: bytes

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """The seal of those who share *secret*."""
        return cls(derived(secret, "seal", 32), derived(secret, "key id", _KEY_ID))

    def sealed(self, purpose: bytes, octets: bytes) -> str:
        """*octets* and their seal, in the letters of base64url (RFC 4648 §5)."""
        said = _VERSION + self.key_id + octets
        return base64.urlsafe_b64encode(said + self.mac(purpose, said)).decode("ascii").rstrip("=")

    def opened(self, purpose: bytes, text: bytes) -> bytes:
        """The octets that were sealed for *purpose*.  Raises NotHonoured: foreign or forged."""
        try:
            whole = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
        except binascii.Error:
            raise NotHonoured(Verdict.FOREIGN) from None
        said, mac = whole[:-_MAC], whole[-_MAC:]
        start = _VERSION + self.key_id
        if not said.startswith(start):
            raise NotHonoured(Verdict.FOREIGN)
        if not hmac.compare_digest(mac, self.mac(purpose, said)):
            raise NotHonoured(Verdict.FORGED)
        return said[len(start) :]

    def hidden(self, purpose: bytes, octets: bytes) -> bytes:
        """*octets* encrypted, so that nobody who reads the mail reads them."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._hiding).encrypt(nonce, octets, purpose)

    def shown(self, purpose: bytes, hidden: bytes) -> bytes:
        """The octets that were hidden for *purpose*.  Raises NotHonoured."""
        try:
            return AESGCM(self._hiding).decrypt(hidden[:_NONCE], hidden[_NONCE:], purpose)
        except (InvalidTag, ValueError):
            raise NotHonoured(Verdict.FORGED) from None

    @property
    def _hiding(self) -> bytes:
        return hmac.digest(self.key, b"postseal hiding", "sha256")

    def mac(self, purpose: bytes, *parts: bytes) -> bytes:
        """What only we can compute from *parts*, each of any length."""
        told = b"".join(len(part).to_bytes(8, "big") + part for part in (purpose, *parts))
        return hmac.digest(self.key, told, "sha256")[:_MAC]
