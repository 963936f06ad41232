"""SignedData (RFC 5652 §5, RFC 8551 §3.5.3): a detached signature over a stream of octets.

RSA certificates sign by PKCS #1 v1.5 with SHA-256, P-256 ones by ECDSA with SHA-256, P-384 ones with
SHA-384: what every mail program verifies.  There are always signed attributes, because without them
the DER of somebody's attributes could be passed off as signed content.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding

from postseal.cms import der, name
from postseal.cms.enveloped import CIPHERS

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DATA = der.oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_HASHES = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2"}
_ECDSA = {"sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3"}
_RSA_ENCRYPTION = der.algorithm("1.2.840.113549.1.1.1", der.NULL)


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate, those that lead from it to its root, and its key.  Made once, used for many messages."""

    chain: tuple[x509.Certificate, ...]
    key: PrivateKey = field(repr=False)
    hash_name: str
    _identifier: bytes = field(repr=False)
    _certificates: bytes = field(repr=False)
    _attributes: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, chain: tuple[x509.Certificate, ...], key: PrivateKey) -> "Signer":
        """The signer whose certificate is the first of *chain*; a self-signed one is left out.

        Raises ValueError if the key is of a kind that we do not sign with.
        """
        sent = [certificate for certificate in chain if certificate.issuer != certificate.subject]
        return cls(
            chain=chain,
            key=key,
            hash_name=_hash_name(key),
            _identifier=name.issuer_and_serial(chain[0]),
            _certificates=der.set_of(
                # Without any other certificate, that of a signer who issued his own is still needed.
                [certificate.public_bytes(Encoding.DER) for certificate in sent or chain[:1]],
                tag=0xA0,
            ),
            _attributes=_constant_attributes(chain[0]),
        )

    @property
    def micalg(self) -> str:
        """The hash as the Content-Type of a multipart/signed spells it (RFC 8551 §3.5.3.2)."""
        return f"sha-{self.hash_name[3:]}"

    def signed(self, content: Iterable[bytes], at: datetime) -> bytes:
        """The ContentInfo of a detached signature over *content*, made at the time *at*."""
        digest = hashlib.new(self.hash_name)
        for piece in content:
            digest.update(piece)
        attributes = der.set_of(
            [
                *self._attributes,
                _attribute("1.2.840.113549.1.9.4", der.octet_string(digest.digest())),
                _attribute("1.2.840.113549.1.9.5", _time(at)),
            ]
        )
        hash_algorithm = der.algorithm(_HASHES[self.hash_name])  # RFC 5754 §2: without parameters
        signer_info = der.sequence(
            der.integer(1),
            self._identifier,
            hash_algorithm,
            b"\xa0" + attributes[1:],  # [0] IMPLICIT; the signature is over the SET OF (RFC 5652 §5.4)
            *self._signature(attributes),
        )
        signed_data = der.sequence(
            der.integer(1),
            der.set_of([hash_algorithm]),
            der.sequence(_DATA),
            self._certificates,
            der.set_of([signer_info]),
        )
        return der.sequence(_SIGNED_DATA, der.context(0, signed_data))

    def _signature(self, octets: bytes) -> tuple[bytes, bytes]:
        """The algorithm and the signature over *octets*."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return _RSA_ENCRYPTION, der.octet_string(self.key.sign(octets, PKCS1v15(), hashes.SHA256()))
        algorithm = hashes.SHA384() if self.hash_name == "sha384" else hashes.SHA256()
        signature = self.key.sign(octets, ec.ECDSA(algorithm))
        return der.algorithm(_ECDSA[self.hash_name]), der.octet_string(signature)


def _hash_name(key: PrivateKey) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "sha256"
    if key.curve.name == "secp256r1":
        return "sha256"
    if key.curve.name == "secp384r1":
        return "sha384"
    raise ValueError(f"we do not sign with keys on {key.curve.name}")


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of([value]))


def _constant_attributes(certificate: x509.Certificate) -> tuple[bytes, ...]:
    """The signed attributes that are the same for every message."""
    # Only what every program reads, strongest first: our users decrypt with programs of their own.
    capabilities = [der.algorithm(CIPHERS[cipher][1]) for cipher in ("aes-256-cbc", "aes-128-cbc")]
    names = der.sequence(der.context(4, name.issuer(certificate)))
    # ESSCertIDv2 (RFC 5035 §4), its hash SHA-256 by default
    certificate_hash = der.octet_string(certificate.fingerprint(hashes.SHA256()))
    certificate_id = der.sequence(certificate_hash, der.sequence(names, name.serial(certificate)))
    attributes = [
        _attribute("1.2.840.113549.1.9.3", _DATA),
        _attribute("1.2.840.113549.1.9.15", der.sequence(*capabilities)),
        _attribute("1.2.840.113549.1.9.16.2.47", der.sequence(der.sequence(certificate_id))),
    ]
    if _may_be_encrypted_to(certificate):
        preference = der.context(0, name.issuer(certificate), name.serial(certificate))
        attributes.append(_attribute("1.2.840.113549.1.9.16.2.11", preference))
    return tuple(attributes)


def _may_be_encrypted_to(certificate: x509.Certificate) -> bool:
    """Whether encryptionKeyPreference may name the certificate (RFC 8551 §2.5.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.key_encipherment or usage.key_agreement


def _time(at: datetime) -> bytes:
    """A Time as RFC 5652 §11.3 wants it: UTCTime until 2049."""
    utc = at.astimezone(UTC)
    if 1950 <= utc.year < 2050:
        return der.element(0x17, utc.strftime("%y%m%d%H%M%SZ").encode("ascii"))
    return der.element(0x18, utc.strftime("%Y%m%d%H%M%SZ").encode("ascii"))
