"""Master keys wrap the keys of messages; they are never in the database, nor in any message.

A wrapped key is bound to its *context* (`context` says to what): taken to another message, another
recipient or another policy, it cannot be unwrapped.  What holds the master keys is a `MasterKeys`: a
file (`sealed.keyfile`) or a server (`sealed.transit`).  Nothing here logs or prints a key.
"""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postseal.errors import Cause, Failure
from postseal.sealed.container import KEY_OCTETS

NAME_CHARACTERS: Final = 64
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key, wrapped by the master key of the name *master*."""

    master: str
    octets: bytes = field(repr=False)


class MasterKeys(Protocol):
    """What wraps and unwraps keys.  Raises Failure(KEYS) where it cannot."""

    @property
    def current(self) -> str:
        """The name of the master key that wraps from now on."""
        ...

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """*key*, wrapped by the current master key and bound to *context*."""
        ...

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key in *wrapped*; raises Failure(KEYS) if it was wrapped for another *context*."""
        ...


def context(
    message: bytes, address: str, rights: Iterable[str], licence: str = "", *, lock: bytes = b""
) -> bytes:
    """What the key of the message with this id is bound to when it is wrapped for *address*.

    *address*: in the form to compare.  *rights*: the usage rights that policy withholds.  *licence*: the text
    of what else holds, "" for nothing.  *lock*: what is noted of a passphrase that is asked for besides.  How
    long it may be read is not part of it: an administrator may extend that, without any key.
    """
    withheld = "\n".join(sorted(set(rights))).encode()
    bound = b"postseal v1 key\0" + message + _digest(address.encode("utf-8")) + _digest(withheld)
    bound += _digest(licence.encode("utf-8")) if licence else b""
    return bound + _digest(b"lock\0" + lock) if lock else bound


def self_test(keys: MasterKeys) -> None:
    """Wrap and unwrap a key for nobody.  Raises Failure(KEYS)."""
    key, bound = os.urandom(KEY_OCTETS), b"postseal v1 self-test"
    if keys.unwrap(keys.wrap(key, bound), bound) != key:
        raise Failure(Cause.KEYS, "what the master key unwrapped is not what it wrapped")


class LocalKeys:
    """Master keys in memory: AES-256-GCM with a random nonce and the context as associated data.

    A random nonce is good for 2**32 wraps of one master key (NIST SP 800-38D §8.3): far more messages
    than a mail server has in the year after which keys are rotated.
    """

    def __init__(self, keys: dict[str, bytes], current: str) -> None:
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._current = current

    @property
    def current(self) -> str:
        """The name of the master key that wraps from now on."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all."""
        return tuple(self._ciphers)

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """*key*, wrapped: the nonce, the encrypted key and its tag."""
        nonce = os.urandom(_NONCE)
        name = self._current
        return Wrapped(name, nonce + self._ciphers[name].encrypt(nonce, key, bound(name, context)))

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key in *wrapped*."""
        cipher = self._ciphers.get(wrapped.master)
        if cipher is None:
            raise Failure(Cause.KEYS, f"there is no master key '{wrapped.master}' (any more)")
        nonce, rest = wrapped.octets[:_NONCE], wrapped.octets[_NONCE:]
        try:
            return cipher.decrypt(nonce, rest, bound(wrapped.master, context))
        except (InvalidTag, ValueError):
            detail = f"master key '{wrapped.master}' does not open this key, or not for this use"
            raise Failure(Cause.KEYS, detail) from None


def bound(name: str, context: bytes) -> bytes:
    """What the master key *name* authenticates besides the key: its name and the *context*."""
    octets = name.encode()
    return bytes([len(octets)]) + octets + context


def _digest(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
