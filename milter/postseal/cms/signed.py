"""SignedData (RFC 5652 §5, RFC 8551 §3.5): signatures over a stream of octets, beside or around it.

There are always signed attributes, because without them the DER of somebody's attributes could be passed
off as signed content.  Definite lengths; memory is constant, whatever the size.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from postseal.cms import capability, der, name
from postseal.cms.signature import HASHES, PrivateKey, RsaScheme, Scheme, scheme_of

_DATA = der.oid("1.2.840.113549.1.7.1")
_SIGNED_DATA = der.oid("1.2.840.113549.1.7.2")
_VERSION = der.integer(1)


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate, those that lead from it to its root, and its key.  Made once, used for many messages."""

    chain: tuple[x509.Certificate, ...]
    scheme: Scheme = field(repr=False)
    _identifier: bytes = field(repr=False)
    _certificates: tuple[bytes, ...] = field(repr=False)
    _attributes: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(
        cls,
        chain: tuple[x509.Certificate, ...],
        key: PrivateKey,
        *,
        rsa_scheme: RsaScheme = RsaScheme.PKCS1,
        capabilities: tuple[str, ...] = capability.OF_EVERY_PROGRAM,
        reads_with: x509.Certificate | None = None,
    ) -> "Signer":
        """The signer whose certificate is the first of *chain*; a self-signed one is left out.

        *capabilities*: what he decrypts, by words of `cipher`; more than every program reads only where
        the gateway decrypts for him.  *reads_with*: the certificate that mail to him is to be encrypted
        with, sent along; None for the signing one, if it may be used for that.
        Raises ValueError if the key is of a kind that we do not sign with.
        """
        sent = [certificate for certificate in chain if certificate.issuer != certificate.subject]
        # Without any other certificate, that of a signer who issued his own is still needed.
        sent = [*(sent or chain[:1]), *([reads_with] if reads_with else [])]
        return cls(
            chain=chain,
            scheme=scheme_of(key, rsa_scheme),
            _identifier=name.issuer_and_serial(chain[0]),
            _certificates=tuple(certificate.public_bytes(Encoding.DER) for certificate in sent),
            _attributes=_constant_attributes(chain[0], capabilities, reads_with),
        )

    def info(self, digest: bytes, at: datetime) -> bytes:
        """The SignerInfo over content with that *digest*, made at the time *at*."""
        attributes = der.set_of(
            [
                *self._attributes,
                _attribute("1.2.840.113549.1.9.4", der.octet_string(digest)),
                _attribute("1.2.840.113549.1.9.5", _time(at)),
            ]
        )
        return der.sequence(
            _VERSION,
            self._identifier,
            _hash_algorithm(self.scheme.hash_name),
            b"\xa0" + attributes[1:],  # [0] IMPLICIT; the signature is over the SET OF (RFC 5652 §5.4)
            self.scheme.algorithm,
            der.octet_string(self.scheme.sign(attributes)),
        )

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates that are sent along, each as DER."""
        return self._certificates


def micalg(signers: Sequence[Signer]) -> str:
    """The hashes as the Content-Type of a multipart/signed spells them (RFC 8551 §3.5.3.2)."""
    return ",".join(dict.fromkeys(f"sha-{signer.scheme.hash_name[3:]}" for signer in signers))


def detached(content: Iterable[bytes], *, signers: Sequence[Signer], at: datetime) -> bytes:
    """The ContentInfo of signatures beside *content*, made at the time *at*."""
    before, after = _around(signers, _digests(content, signers), at)
    signed_data = der.sequence(before, der.sequence(_DATA), after)
    return der.sequence(_SIGNED_DATA, der.context(0, signed_data))


def opaque(
    content: Callable[[], Iterable[bytes]], size: int, *, signers: Sequence[Signer], at: datetime
) -> Iterator[bytes]:
    """The ContentInfo of signatures around content, which is asked for twice and has *size* octets.

    Raises ValueError in the end if it had another size.
    """
    before, after = _around(signers, _digests(content(), signers), at)
    inner = der.enclosing(size, (der.OCTET_STRING, b""), (0xA0, b""), (der.SEQUENCE, _DATA))
    levels = (der.SEQUENCE, b""), (0xA0, b""), (der.SEQUENCE, _SIGNED_DATA)
    yield der.enclosing(len(before) + len(inner) + size + len(after), *levels) + before + inner
    written = 0
    for piece in content():
        written += len(piece)
        yield piece
    if written != size:
        raise ValueError(f"the content has {written} octets, not {size}")
    yield after


def _around(signers: Sequence[Signer], digests: dict[str, bytes], at: datetime) -> tuple[bytes, bytes]:
    """What stands in SignedData before and after its EncapsulatedContentInfo."""
    if not signers:
        raise ValueError("there is nobody to sign")
    certificates = dict.fromkeys(octets for signer in signers for octets in signer.certificates)
    infos = [signer.info(digests[signer.scheme.hash_name], at) for signer in signers]
    before = _VERSION + der.set_of(_hash_algorithm(hash_name) for hash_name in digests)
    return before, der.set_of(certificates, tag=0xA0) + der.set_of(infos)


def _digests(content: Iterable[bytes], signers: Sequence[Signer]) -> dict[str, bytes]:
    digests = {name: hashlib.new(name) for name in dict.fromkeys(one.scheme.hash_name for one in signers)}
    for piece in content:
        for digest in digests.values():
            digest.update(piece)
    return {name: digest.digest() for name, digest in digests.items()}


def _hash_algorithm(hash_name: str) -> bytes:
    return der.algorithm(HASHES[hash_name])  # RFC 5754 §2: without parameters


def _attribute(dotted: str, value: bytes) -> bytes:
    return der.sequence(der.oid(dotted), der.set_of([value]))


def _constant_attributes(
    certificate: x509.Certificate, capabilities: tuple[str, ...], reads_with: x509.Certificate | None
) -> tuple[bytes, ...]:
    """The signed attributes that are the same for every message."""
    names = der.sequence(der.context(4, name.issuer(certificate)))
    # ESSCertIDv2 (RFC 5035 §4), its hash SHA-256 by default
    certificate_hash = der.octet_string(certificate.fingerprint(hashes.SHA256()))
    certificate_id = der.sequence(certificate_hash, der.sequence(names, name.serial(certificate)))
    attributes = [
        _attribute("1.2.840.113549.1.9.3", _DATA),
        _attribute("1.2.840.113549.1.9.15", capability.written(capabilities)),
        _attribute("1.2.840.113549.1.9.16.2.47", der.sequence(der.sequence(certificate_id))),
    ]
    reader = reads_with or certificate
    if _may_be_encrypted_to(reader):
        preference = der.context(0, name.issuer(reader), name.serial(reader))
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
