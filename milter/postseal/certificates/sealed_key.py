"""A private key in a file, encrypted under the master keys: a copy of the file alone opens nothing.

    -----BEGIN POSTSEAL SEALED KEY-----
    base64 of a JSON object: master, the name of the master key; wrapped, the key of this file, wrapped by
    it; sealed, a nonce and the PKCS #8 key by AES-256-GCM; public, SHA-256 of the public key
    -----END POSTSEAL SEALED KEY-----

Wrapping and encryption are bound to the public key, so one file's parts cannot be put into another.
"""

import base64
import binascii
import hashlib
import json
import os
import re
import textwrap
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from postseal.errors import Cause, Failure
from postseal.sealed.master import MasterKeys, Wrapped

PrivateKey = (
    rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey
)
"""Keys that sign or open mail."""

_BEGIN: Final = "-----BEGIN POSTSEAL SEALED KEY-----"
_END: Final = "-----END POSTSEAL SEALED KEY-----"
_CONTEXT: Final = b"postseal v1 private key\0"
_NONCE: Final = 12
_DIGEST: Final = 32


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The parts of the file."""

    wrapped: Wrapped
    sealed: bytes = field(repr=False)
    public: bytes

    @classmethod
    def of(cls, key: PrivateKey, masters: MasterKeys) -> Self:
        """*key*, sealed under the current master key.  Raises Failure(KEYS)."""
        octets = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashlib.sha256(public).digest()
        inner, nonce = AESGCM.generate_key(256), os.urandom(_NONCE)
        sealed = nonce + AESGCM(inner).encrypt(nonce, octets, _CONTEXT + digest)
        return cls(masters.wrap(inner, _CONTEXT + digest), sealed, digest)

    @classmethod
    def read(cls, octets: bytes) -> Self | None:
        """The sealed key in *octets*; None if there is none, as in a file of another kind.

        Raises ValueError if it is damaged.
        """
        found = re.search(f"{_BEGIN}(.*?){_END}".encode(), octets, re.DOTALL)
        if not found:
            return None
        try:
            parts = json.loads(base64.b64decode(b"".join(found[1].split()), validate=True))
            wrapped, sealed = (base64.b64decode(parts[name], validate=True) for name in ("wrapped", "sealed"))
            public = bytes.fromhex(parts["public"])
            master = parts["master"]
        except (binascii.Error, ValueError, KeyError, TypeError):
            raise ValueError("the sealed key is damaged") from None
        if not isinstance(master, str) or len(public) != _DIGEST:
            raise ValueError("the sealed key is damaged")
        return cls(Wrapped(master, wrapped), sealed, public)

    def written(self) -> bytes:
        """The file."""
        parts = {
            "master": self.wrapped.master,
            "wrapped": base64.b64encode(self.wrapped.octets).decode(),
            "sealed": base64.b64encode(self.sealed).decode(),
            "public": self.public.hex(),
        }
        body = base64.b64encode(json.dumps(parts).encode()).decode()
        return "\n".join([_BEGIN, *textwrap.wrap(body, 64), _END, ""]).encode()

    def opened(self, masters: MasterKeys) -> bytes:
        """The private key, PKCS #8 DER.  Raises Failure(KEYS)."""
        inner = masters.unwrap(self.wrapped, _CONTEXT + self.public)
        nonce, rest = self.sealed[:_NONCE], self.sealed[_NONCE:]
        try:
            return AESGCM(inner).decrypt(nonce, rest, _CONTEXT + self.public)
        except (InvalidTag, ValueError):
            raise Failure(Cause.KEYS, "the sealed key was changed") from None
