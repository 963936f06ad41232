"""RecipientInfos (RFC 5652 §6.2): the content-encryption key, wrapped for one certificate.

RSA certificates get it by PKCS #1 v1.5, which every mail program reads, or by OAEP with SHA-256 where
that is asked for.  Certificates on P-256, P-384 and P-521 get it by ephemeral-static ECDH with the KDF of
their hash, X25519 ones by HKDF (RFC 8418), both with AES-256 key wrap and without user keying material.
Certificates are named by issuer and serial number, never by key identifier: gpgsm 2.2 does not find those.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postseal.cms import der, name

_SHA256 = der.algorithm("2.16.840.1.101.3.4.2.1", der.NULL)
_MGF1_SHA256 = der.algorithm("1.2.840.113549.1.1.8", _SHA256)
_EC_PUBLIC_KEY = der.algorithm("1.2.840.10045.2.1")
_X25519 = der.algorithm("1.3.101.110")
_HKDF_SHA256 = der.oid("1.2.840.113549.1.9.16.3.19")  # dhSinglePass-stdDH-hkdf-sha256-scheme
_AES256_WRAP = der.algorithm("2.16.840.1.101.3.4.1.45")  # RFC 3565: without parameters
_KEK_SIZE = 32

# ECC-CMS-SharedInfo (RFC 5753 §7.2): the wrap algorithm and the length of its key, in bits
_SHARED_INFO = der.sequence(
    _AES256_WRAP, der.context(2, der.octet_string((8 * _KEK_SIZE).to_bytes(4, "big")))
)

# curve → the hash of the KDF and dhSinglePass-stdDH-…kdf-scheme (RFC 5753 §7.1.4)
_SCHEMES: dict[str, tuple[hashes.HashAlgorithm, bytes]] = {
    "secp256r1": (hashes.SHA256(), der.oid("1.3.132.1.11.1")),
    "secp384r1": (hashes.SHA384(), der.oid("1.3.132.1.11.2")),
    "secp521r1": (hashes.SHA512(), der.oid("1.3.132.1.11.3")),
}


class KeyTransport(StrEnum):
    """How an RSA key gets the content-encryption key; the word of the settings."""

    PKCS1 = "rsa-pkcs1"
    OAEP = "rsa-oaep"


# RFC 8017 §A.2.1: the parameters are written out, the empty label is the default
_TRANSPORTS = {
    KeyTransport.PKCS1: (PKCS1v15(), der.algorithm("1.2.840.113549.1.1.1", der.NULL)),
    KeyTransport.OAEP: (
        OAEP(MGF1(hashes.SHA256()), hashes.SHA256(), None),
        der.algorithm(
            "1.2.840.113549.1.1.7", der.sequence(der.context(0, _SHA256), der.context(1, _MGF1_SHA256))
        ),
    ),
}


class RecipientKey(Protocol):
    """Somebody who can be encrypted to.  Made once for a certificate, used for many messages."""

    @property
    def version(self) -> int:
        """The CMSVersion of its RecipientInfo."""
        ...

    def info(self, key: bytes) -> bytes:
        """The RecipientInfo that gives this recipient the content-encryption *key*."""
        ...


@lru_cache(maxsize=20_000)
def recipient_key(
    certificate: x509.Certificate, transport: KeyTransport = KeyTransport.PKCS1
) -> RecipientKey:
    """The recipient whose certificate this is.  Raises ValueError if its key is of another kind.

    *transport* is for RSA keys.
    Remembered, because reading names and keys costs more than sealing a small message.
    """
    key = certificate.public_key()
    identifier = name.issuer_and_serial(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        return _KeyTransport(identifier, key, transport)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _SCHEMES:
        return _KeyAgreement(identifier, key)
    if isinstance(key, x25519.X25519PublicKey):
        return _MontgomeryAgreement(identifier, key)
    raise ValueError("the key is neither RSA nor on P-256, P-384, P-521 or X25519")


@dataclass(frozen=True, slots=True)
class _KeyTransport:
    """KeyTransRecipientInfo (RFC 5652 §6.2.1)."""

    identifier: bytes
    public_key: rsa.RSAPublicKey
    transport: KeyTransport
    version = 0

    def info(self, key: bytes) -> bytes:
        padding, algorithm = _TRANSPORTS[self.transport]
        encrypted = der.octet_string(self.public_key.encrypt(key, padding))
        return der.sequence(der.integer(self.version), self.identifier, algorithm, encrypted)


@dataclass(frozen=True, slots=True)
class _KeyAgreement:
    """KeyAgreeRecipientInfo (RFC 5652 §6.2.2, RFC 5753 §3.1.1)."""

    identifier: bytes
    public_key: ec.EllipticCurvePublicKey
    version = 3

    def info(self, key: bytes) -> bytes:
        digest, scheme = _SCHEMES[self.public_key.curve.name]
        ephemeral = ec.generate_private_key(self.public_key.curve)
        secret = ephemeral.exchange(ec.ECDH(), self.public_key)
        wrapped = aes_key_wrap(X963KDF(digest, _KEK_SIZE, _SHARED_INFO).derive(secret), key)
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _agreement(self.identifier, _EC_PUBLIC_KEY, point, scheme=scheme, wrapped=wrapped)


@dataclass(frozen=True, slots=True)
class _MontgomeryAgreement:
    """KeyAgreeRecipientInfo with X25519 (RFC 8418 §2)."""

    identifier: bytes
    public_key: x25519.X25519PublicKey
    version = 3

    def info(self, key: bytes) -> bytes:
        ephemeral = x25519.X25519PrivateKey.generate()
        secret = ephemeral.exchange(self.public_key)
        kek = HKDF(hashes.SHA256(), _KEK_SIZE, None, _SHARED_INFO).derive(secret)
        point = ephemeral.public_key().public_bytes_raw()
        wrapped = aes_key_wrap(kek, key)
        return _agreement(self.identifier, _X25519, point, scheme=_HKDF_SHA256, wrapped=wrapped)


def _agreement(identifier: bytes, algorithm: bytes, point: bytes, *, scheme: bytes, wrapped: bytes) -> bytes:
    return der.context(
        1,
        der.integer(3),
        der.context(0, der.context(1, algorithm, der.bit_string(point))),
        der.sequence(scheme, _AES256_WRAP),
        der.sequence(der.sequence(identifier, der.octet_string(wrapped))),
    )
