"""The sealed container: octets under one key, authenticated as a whole, read and written as a stream.

docs/format.md describes it octet by octet.  There is one suite for each version and nothing is negotiated.
Memory is constant in both directions.  `opened` gives a body only after the last chunk is verified:
nobody is shown a part of what was cut off, and what waits meanwhile is encrypted (`postseal.body`).
Whatever was changed, left out, swapped, or taken from another container raises `Tampered`.
"""

import hmac
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from postseal.body import Body, Spool

MAGIC: Final = b"POSTSEAL"
VERSION: Final = 1
ID_OCTETS: Final = 16
KEY_OCTETS: Final = 32
SALT_OCTETS: Final = 32
HEADER_OCTETS: Final = len(MAGIC) + 1 + ID_OCTETS + SALT_OCTETS + 32
CHUNK: Final = 1 << 16
"""Octets of plaintext in every chunk but the last."""
TAG: Final = 16

_INFO: Final = b"postseal v1 container"
_MOST_CHUNKS: Final = 1 << 32
"""Far fewer than the counter has room for, and than one key of GCM may encrypt (NIST SP 800-38D §8.3)."""


class Tampered(ValueError):
    """Not a container, not one of this key, or not as it was written."""


@dataclass(frozen=True, slots=True)
class Head:
    """The header of a container: the sealed message it belongs to, its salt, the commitment to its key."""

    id: bytes
    salt: bytes = field(repr=False)
    commitment: bytes = field(repr=False)

    @classmethod
    def of(cls, octets: bytes) -> "Head":
        """The header in *octets*, the first HEADER_OCTETS of a container.  Raises Tampered."""
        if len(octets) != HEADER_OCTETS or not octets.startswith(MAGIC):
            raise Tampered("not a sealed container")
        if octets[len(MAGIC)] != VERSION:
            raise Tampered(f"a container of version {octets[len(MAGIC)]}; this Postseal knows {VERSION}")
        rest = octets[len(MAGIC) + 1 :]
        salt = ID_OCTETS + SALT_OCTETS
        return cls(rest[:ID_OCTETS], rest[ID_OCTETS:salt], rest[salt:])

    @property
    def octets(self) -> bytes:
        """The header as it stands in the container."""
        return _start(self.id, self.salt) + self.commitment


def sealed(pieces: Iterable[bytes], key: bytes, message: bytes, *, salt: bytes = b"") -> Iterator[bytes]:
    """The container of *pieces* under *key*, for the sealed message with the id *message*, chunk by chunk.

    *salt*: for test vectors; everybody else leaves it to chance.
    """
    head, cipher = _begun(key, message, salt or os.urandom(SALT_OCTETS))
    yield head
    number = 0
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) > CHUNK:  # a full chunk waits until it is known not to be the last
            yield cipher.encrypt(_nonce(number), bytes(held[:CHUNK]), head)
            del held[:CHUNK]
            number += 1
    yield cipher.encrypt(_nonce(number, last=1), bytes(held), head)


def sealed_size(size: int) -> int:
    """Octets of the container of *size* octets."""
    return HEADER_OCTETS + size + TAG * max(1, -(-size // CHUNK))


def opened(pieces: Iterable[bytes], key: bytes, spool: Spool) -> Body:
    """What was sealed in the container of *pieces*, after all of it is verified.  Raises Tampered."""
    draft = spool.draft()
    for chunk in _chunks(pieces, key):
        draft.write(chunk)
    return draft.body()


def _chunks(pieces: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The verified chunks; their user must wait for the end before he shows any."""
    source = iter(pieces)
    held = bytearray()
    while len(held) < HEADER_OCTETS and (piece := next(source, None)) is not None:
        held += piece
    head = Head.of(bytes(held[:HEADER_OCTETS]))
    octets, cipher = _begun(key, head.id, head.salt)
    if not hmac.compare_digest(octets, head.octets):
        raise Tampered("the container was sealed with another key")
    del held[:HEADER_OCTETS]
    whole = CHUNK + TAG
    number = 0
    while True:
        while len(held) > whole:
            yield _decrypted(cipher, bytes(held[:whole]), _nonce(number), octets)
            del held[:whole]
            number += 1
            if number > _MOST_CHUNKS:
                raise Tampered("the container is longer than one can be")
        if (piece := next(source, None)) is None:
            break
        held += piece
    last = _decrypted(cipher, bytes(held), _nonce(number, last=1), octets)
    if number and not last:
        raise Tampered("the last chunk is empty")  # there is one way only to write each plaintext
    yield last


def _begun(key: bytes, message: bytes, salt: bytes) -> tuple[bytes, AESGCM]:
    """The header of a container, and what encrypts its chunks."""
    if len(key) != KEY_OCTETS or len(message) != ID_OCTETS or len(salt) != SALT_OCTETS:
        raise ValueError("a key, an id or a salt of another length than the format has")
    start = _start(message, salt)
    # One derivation gives both, so a container that opens under two keys would be a collision of HKDF;
    # GCM alone does not commit to its key.
    both = HKDF(SHA256(), 2 * KEY_OCTETS, salt=salt, info=_INFO + start).derive(key)
    return start + both[KEY_OCTETS:], AESGCM(both[:KEY_OCTETS])


def _start(message: bytes, salt: bytes) -> bytes:
    return MAGIC + bytes([VERSION]) + message + salt


def _nonce(number: int, *, last: int = 0) -> bytes:
    if number >= _MOST_CHUNKS:
        raise ValueError("too long for a container")
    return number.to_bytes(11, "big") + bytes([last])


def _decrypted(cipher: AESGCM, chunk: bytes, nonce: bytes, header: bytes) -> bytes:
    try:
        return cipher.decrypt(nonce, chunk, header)
    except InvalidTag:
        raise Tampered("the container is not as it was sealed, or not whole") from None
