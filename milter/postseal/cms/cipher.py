"""The content encryption of CMS that we write (RFC 3565, RFC 5084): AES in CBC or in GCM mode.

CBC is what all mail programs read; it is malleable, and only a signature within shows that nothing was
changed.  GCM shows it by itself; Thunderbird, gpgsm and older Outlooks cannot read it.
"""

from dataclasses import dataclass
from enum import Enum, auto


class Mode(Enum):
    """The mode of operation."""

    CBC = auto()
    GCM = auto()


@dataclass(frozen=True, slots=True)
class ContentCipher:
    """AES with a key of *key_size* octets; *oid* as dotted numbers."""

    oid: str
    key_size: int
    mode: Mode


CIPHERS = {
    "aes-128-cbc": ContentCipher("2.16.840.1.101.3.4.1.2", 16, Mode.CBC),
    "aes-256-cbc": ContentCipher("2.16.840.1.101.3.4.1.42", 32, Mode.CBC),
    "aes-128-gcm": ContentCipher("2.16.840.1.101.3.4.1.6", 16, Mode.GCM),
    "aes-256-gcm": ContentCipher("2.16.840.1.101.3.4.1.46", 32, Mode.GCM),
}
"""By the words of the settings; nothing weaker than AES-128 is ever written."""

DEFAULT_CIPHER = "aes-256-cbc"

BLOCK = 16
"""Octets of an AES block, and of a whole GCM tag."""

GCM_NONCE = 12
"""Octets of a nonce: the length that GCM is made for (NIST SP 800-38D §8.2)."""


def smime_type(word: str) -> str:
    """The smime-type parameter of a message encrypted with the cipher *word* (RFC 8551 §3.2.2)."""
    return "authEnveloped-data" if CIPHERS[word].mode is Mode.GCM else "enveloped-data"
