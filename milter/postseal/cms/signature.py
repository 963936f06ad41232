"""How each kind of key signs for CMS: its hash, its algorithm, the octets of the signature.

RSA keys sign by PKCS #1 v1.5 with SHA-256, or by PSS where that is asked for; P-256 by ECDSA with SHA-256,
P-384 with SHA-384, P-521 with SHA-512; Ed25519 as RFC 8419 says.  All programs we know verify RSA, P-256
and P-384; gpgsm 2.2 no P-521, and few Ed25519.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

from postseal.cms import der

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

HASHES = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
"""The object identifiers of hashes, by the names of hashlib."""

_RSA_ENCRYPTION = der.algorithm("1.2.840.113549.1.1.1", der.NULL)
_SHA256 = der.algorithm(HASHES["sha256"], der.NULL)
_PSS_SALT = 32
# RFC 4056 §3: the parameters are written out, the salt as long as the hash
_RSASSA_PSS = der.algorithm(
    "1.2.840.113549.1.1.10",
    der.sequence(
        der.context(0, _SHA256),
        der.context(1, der.algorithm("1.2.840.113549.1.1.8", _SHA256)),
        der.context(2, der.integer(_PSS_SALT)),
    ),
)
_CURVES: dict[str, tuple[str, hashes.HashAlgorithm, str]] = {
    "secp256r1": ("sha256", hashes.SHA256(), "1.2.840.10045.4.3.2"),
    "secp384r1": ("sha384", hashes.SHA384(), "1.2.840.10045.4.3.3"),
    "secp521r1": ("sha512", hashes.SHA512(), "1.2.840.10045.4.3.4"),
}


class RsaScheme(StrEnum):
    """How an RSA key signs; the word of the settings."""

    PKCS1 = "rsa-pkcs1"
    PSS = "rsa-pss"


@dataclass(frozen=True, slots=True)
class Scheme:
    """The name of the hash, the AlgorithmIdentifier of the signature, and what signs octets."""

    hash_name: str
    algorithm: bytes = field(repr=False)
    sign: Callable[[bytes], bytes] = field(repr=False)


def scheme_of(key: PrivateKey, rsa_scheme: RsaScheme = RsaScheme.PKCS1) -> Scheme:
    """How *key* signs.  Raises ValueError if it is of a kind that we do not sign with."""
    if isinstance(key, rsa.RSAPrivateKey):
        if rsa_scheme is RsaScheme.PSS:
            padding = PSS(MGF1(hashes.SHA256()), _PSS_SALT)
            return Scheme("sha256", _RSASSA_PSS, lambda octets: key.sign(octets, padding, hashes.SHA256()))
        return Scheme("sha256", _RSA_ENCRYPTION, lambda octets: key.sign(octets, PKCS1v15(), hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Scheme("sha512", der.algorithm("1.3.101.112"), key.sign)
    if key.curve.name not in _CURVES:
        raise ValueError(f"we do not sign with keys on {key.curve.name}")
    hash_name, digest, oid = _CURVES[key.curve.name]
    return Scheme(hash_name, der.algorithm(oid), lambda octets: key.sign(octets, ec.ECDSA(digest)))
