"""RecipientInfos (RFC 5652 §6.2): the content-encryption key, wrapped for one certificate.

RSA certificates get it by PKCS #1 v1.5, which every mail program reads; P-256 and P-384 ones by
ephemeral-static ECDH with the KDF of their hash and AES-256 key wrap, without user keying material
(RFC 5753).  Certificates are named by issuer and serial number, never by key identifier: gpgsm 2.2
does not find those.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from postseal.cms import der, name

_RSA_ENCRYPTION = der.algorithm("1.2.840.113549.1.1.1", der.NULL)
_EC_PUBLIC_KEY = der.algorithm("1.2.840.10045.2.1")
_AES256_WRAP = der.algorithm("2.16.840.1.101.3.4.1.45")  # RFC 3565: without parameters
_KEK_BITS = 256

# curve → the hash of the KDF and dhSinglePass-stdDH-…kdf-scheme (RFC 5753 §7.1.4)
_SCHEMES: dict[str, tuple[hashes.HashAlgorithm, bytes]] = {
    "secp256r1": (hashes.SHA256(), der.oid("1.3.132.1.11.1")),
    "secp384r1": (hashes.SHA384(), der.oid("1.3.132.1.11.2")),
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
def recipient_key(certificate: x509.Certificate) -> RecipientKey:
    """The recipient whose certificate this is.  Raises ValueError if its key is of another kind.

    Remembered, because reading names and keys costs more than sealing a small message.
    """
    key = certificate.public_key()
    identifier = name.issuer_and_serial(certificate)
    if isinstance(key, rsa.RSAPublicKey):
        return _KeyTransport(identifier, key)
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _SCHEMES:
        return _KeyAgreement(identifier, key)
    raise ValueError("the key is neither RSA nor on P-256 or P-384")


@dataclass(frozen=True, slots=True)
class _KeyTransport:
    """KeyTransRecipientInfo (RFC 5652 §6.2.1)."""

    identifier: bytes
    public_key: rsa.RSAPublicKey
    version = 0

    def info(self, key: bytes) -> bytes:
        encrypted = der.octet_string(self.public_key.encrypt(key, PKCS1v15()))
        return der.sequence(der.integer(self.version), self.identifier, _RSA_ENCRYPTION, encrypted)


@dataclass(frozen=True, slots=True)
class _KeyAgreement:
    """KeyAgreeRecipientInfo (RFC 5652 §6.2.2, RFC 5753 §3.1.1)."""

    identifier: bytes
    public_key: ec.EllipticCurvePublicKey
    version = 3

    def info(self, key: bytes) -> bytes:
        digest, scheme = _SCHEMES[self.public_key.curve.name]
        ephemeral = ec.generate_private_key(self.public_key.curve)
        shared = X963KDF(digest, _KEK_BITS // 8, _SHARED_INFO)
        wrapped = aes_key_wrap(shared.derive(ephemeral.exchange(ec.ECDH(), self.public_key)), key)
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        originator = der.context(0, der.context(1, _EC_PUBLIC_KEY, der.bit_string(point)))
        recipients = der.sequence(der.sequence(self.identifier, der.octet_string(wrapped)))
        return der.context(
            1, der.integer(self.version), originator, der.sequence(scheme, _AES256_WRAP), recipients
        )


# ECC-CMS-SharedInfo (RFC 5753 §7.2): the wrap algorithm and the length of its key, in bits
_SHARED_INFO = der.sequence(_AES256_WRAP, der.context(2, der.octet_string(_KEK_BITS.to_bytes(4, "big"))))
