"""EnvelopedData (RFC 5652 §6) and AuthEnvelopedData (RFC 5083), written as a stream of DER.

Definite lengths, although that asks for the size beforehand: every reader takes them, and a reader
that holds the message in memory needs no second copy of it.  Memory is constant, whatever the size.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from postseal.cms import der
from postseal.cms.cipher import BLOCK, CIPHERS, DEFAULT_CIPHER, GCM_NONCE, Mode
from postseal.cms.recipient import RecipientKey

_DATA = der.oid("1.2.840.113549.1.7.1")
_ENVELOPED_DATA = der.oid("1.2.840.113549.1.7.3")
_AUTH_ENVELOPED_DATA = der.oid("1.2.840.113549.1.9.16.1.23")


def enveloped(
    content: Iterable[bytes],
    size: int,
    *,
    recipients: Sequence[RecipientKey],
    cipher: str = DEFAULT_CIPHER,
) -> Iterator[bytes]:
    """*content*, of *size* octets, as a ContentInfo that each of *recipients* can open.

    An EnvelopedData, or an AuthEnvelopedData if *cipher* is in GCM mode.
    Raises ValueError if there is no recipient, or in the end if *content* had another size.
    """
    if not recipients:
        raise ValueError("there is nobody to encrypt to")
    chosen = CIPHERS[cipher]
    key = secrets.token_bytes(chosen.key_size)
    infos = der.set_of(recipient.info(key) for recipient in recipients)
    if chosen.mode is Mode.GCM:
        return _authenticated(content, size, infos=infos, oid=chosen.oid, key=key)
    # Version 2 as soon as one RecipientInfo is not of version 0 (RFC 5652 §6.1).
    version = der.integer(2 if any(recipient.version for recipient in recipients) else 0)
    return _padded(content, size, before=version + infos, oid=chosen.oid, key=key)


def _padded(content: Iterable[bytes], size: int, *, before: bytes, oid: str, key: bytes) -> Iterator[bytes]:
    iv = secrets.token_bytes(BLOCK)
    algorithm = der.algorithm(oid, der.octet_string(iv))
    yield _opening(_ENVELOPED_DATA, before, algorithm, size=size - size % BLOCK + BLOCK)
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    yield from _encrypted(content, size, encryptor)
    padding = BLOCK - size % BLOCK
    yield encryptor.update(bytes([padding]) * padding) + encryptor.finalize()


def _authenticated(
    content: Iterable[bytes], size: int, *, infos: bytes, oid: str, key: bytes
) -> Iterator[bytes]:
    nonce = secrets.token_bytes(GCM_NONCE)
    # The length of the tag is written out: readers disagree about what its absence means.
    parameters = der.sequence(der.octet_string(nonce), der.integer(BLOCK))
    before, algorithm = der.integer(0) + infos, der.algorithm(oid, parameters)
    after = len(der.octet_string(bytes(BLOCK)))
    yield _opening(_AUTH_ENVELOPED_DATA, before, algorithm, size=size, after=after)
    encryptor = Cipher(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    yield from _encrypted(content, size, encryptor)
    yield encryptor.finalize() + der.octet_string(encryptor.tag)


def _encrypted(content: Iterable[bytes], size: int, encryptor: CipherContext) -> Iterator[bytes]:
    encrypted = 0
    for piece in content:
        encrypted += len(piece)
        yield encryptor.update(piece)
    if encrypted != size:
        raise ValueError(f"the content has {encrypted} octets, not {size}")


def _opening(content_type: bytes, before: bytes, algorithm: bytes, *, size: int, after: int = 0) -> bytes:
    """Everything in front of the *size* encrypted octets: four lengths, each counting all that follows.

    *after*: octets of the fields behind the EncryptedContentInfo.
    """
    info = der.enclosing(size, (0x80, b""), (der.SEQUENCE, _DATA + algorithm))
    levels = (der.SEQUENCE, b""), (0xA0, b""), (der.SEQUENCE, content_type)
    return der.enclosing(size + len(info) + len(before) + after, *levels) + before + info
