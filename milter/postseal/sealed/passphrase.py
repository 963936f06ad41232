"""What a passphrase opens: octets under AES-256-GCM, with a key that PBKDF2 makes of the passphrase.

docs/format.md describes it.  Written as a stream, in constant memory; a browser opens it with what it has
built in (WebCrypto), which knows no other way from a passphrase to a key.  The passphrase is kept nowhere.
"""

import base64
import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from postseal.sealed.container import KEY_OCTETS

KDF: Final = "PBKDF2-HMAC-SHA256"
ITERATIONS: Final = 600_000
"""As OWASP's Password Storage Cheat Sheet asks of this function."""
SALT_OCTETS: Final = 16
NONCE_OCTETS: Final = 12
_LINES: Final = 57 * 1000
"""Octets that become whole lines of text."""


def parameters() -> dict[str, str | int]:
    """What `locked` needs and its reader too, for a new file: each has a salt, and thus a key, of its own."""
    salt, nonce = os.urandom(SALT_OCTETS), os.urandom(NONCE_OCTETS)
    return {"kdf": KDF, "iterations": ITERATIONS, "salt": _text(salt), "nonce": _text(nonce)}


def locked(
    pieces: Iterable[bytes], passphrase: str, *, salt: str, nonce: str, head: bytes
) -> Iterator[bytes]:
    """*pieces*, encrypted, and the tag behind them.  *salt*, *nonce*: of `parameters`.

    *head*: what is authenticated besides; it must hold them.
    """
    key = PBKDF2HMAC(SHA256(), KEY_OCTETS, base64.b64decode(salt), ITERATIONS).derive(_octets(passphrase))
    writer = Cipher(AES(key), GCM(base64.b64decode(nonce))).encryptor()
    writer.authenticate_additional_data(head)
    for piece in pieces:
        yield writer.update(piece)
    yield writer.finalize()
    yield writer.tag


def as_text(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """*pieces* as base64 (RFC 4648 §4), in lines."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _LINES:
            yield base64.encodebytes(bytes(held[:_LINES]))
            del held[:_LINES]
    yield base64.encodebytes(bytes(held))


def _octets(passphrase: str) -> bytes:
    # Keyboards write the same letter in several ways.
    return unicodedata.normalize("NFKC", passphrase).encode("utf-8")


def _text(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
