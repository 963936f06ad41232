"""EnvelopedData (RFC 5652 §6, RFC 8551 §3.3): written as a stream of DER, whatever the size.

Definite lengths, although that asks for the size beforehand: every reader takes them, and a reader
that holds the message in memory needs no second copy of it.  AES in CBC mode is what all mail
programs read; it is malleable, and only a signature within shows that nothing was changed.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from postseal.cms import der
from postseal.cms.recipient import RecipientKey

CIPHERS = {
    "aes-128-cbc": (16, "2.16.840.1.101.3.4.1.2"),
    "aes-256-cbc": (32, "2.16.840.1.101.3.4.1.42"),
}
"""The word of the settings → octets of the key, object identifier."""

DEFAULT_CIPHER = "aes-256-cbc"

_BLOCK = 16
_DATA = der.oid("1.2.840.113549.1.7.1")
_ENVELOPED_DATA = der.oid("1.2.840.113549.1.7.3")


def enveloped(
    content: Iterable[bytes],
    size: int,
    *,
    recipients: Sequence[RecipientKey],
    cipher: str = DEFAULT_CIPHER,
) -> Iterator[bytes]:
    """*content*, of *size* octets, as a ContentInfo that each of *recipients* can open.

    Raises ValueError if there is no recipient, or in the end if *content* had another size.
    """
    if not recipients:
        raise ValueError("there is nobody to encrypt to")
    key_size, identifier = CIPHERS[cipher]
    key, iv = secrets.token_bytes(key_size), secrets.token_bytes(_BLOCK)
    # Version 2 as soon as one RecipientInfo is not of version 0 (RFC 5652 §6.1).
    version = der.integer(2 if any(recipient.version for recipient in recipients) else 0)
    infos = der.set_of(recipient.info(key) for recipient in recipients)
    yield _opening(version + infos, der.algorithm(identifier, der.octet_string(iv)), size)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    encrypted = 0
    for piece in content:
        encrypted += len(piece)
        yield encryptor.update(piece)
    if encrypted != size:
        raise ValueError(f"the content has {encrypted} octets, not {size}")
    padding = _BLOCK - size % _BLOCK
    yield encryptor.update(bytes([padding]) * padding) + encryptor.finalize()


def _opening(before: bytes, algorithm: bytes, size: int) -> bytes:
    """Everything in front of the encrypted octets: four lengths, each counting all that follows it."""
    octets = size - size % _BLOCK + _BLOCK
    content = der.begin(0x80, octets)  # [0] IMPLICIT OCTET STRING
    info = _DATA + algorithm + content
    info = der.begin(der.SEQUENCE, len(info) + octets) + info
    data = before + info
    data = der.begin(der.SEQUENCE, len(data) + octets) + data
    data = der.begin(0xA0, len(data) + octets) + data
    return der.begin(der.SEQUENCE, len(_ENVELOPED_DATA) + len(data) + octets) + _ENVELOPED_DATA + data
