"""The subject of a sealed message, sealed beside it, so that its sender can tell it from his others.

Under a key that comes from the message's own: with the last wrapped key of the message it is gone, too.
"""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from postseal.body import Spool
from postseal.sealed.container import KEY_OCTETS, opened, sealed

_LONGEST: Final = 200
"""Characters; who wrote it knows the rest."""


def sealed_subject(subject: str, key: bytes, message: bytes) -> bytes:
    """The beginning of *subject* for the message with the id *message*, whose key is *key*."""
    written = subject[:_LONGEST].encode("utf-8", "replace")
    return b"".join(sealed([written], _key(key), message))


def opened_subject(octets: bytes, key: bytes) -> str:
    """What was sealed in *octets*, by the *key* of its message.  Raises Tampered."""
    return b"".join(opened([octets], _key(key), Spool()).pieces()).decode("utf-8")


def _key(key: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_OCTETS, info=b"postseal v1 subject").derive(key)
