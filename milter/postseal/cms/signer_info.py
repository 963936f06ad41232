"""SignerInfos as others write them (RFC 5652 §5.3): who signed, what they say, whether it is true.

Signed attributes are asked for, each of those that matter once, with one value.  Without that rule the
DER of somebody's attributes, taken as content, would bear his signature.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

from postseal.cms import capability, der, name
from postseal.cms.ber import Element, Malformed, Tree
from postseal.cms.content import Algorithm, Fields
from postseal.cms.keyring import RecipientId, identifier
from postseal.cms.recipient_info import HASHES, hash_of, mask_hash

_PSS = der.oid("1.2.840.113549.1.1.10")[2:]
_RSA_ENCRYPTION = der.oid("1.2.840.113549.1.1.1")[2:]
_EC_PUBLIC_KEY = der.oid("1.2.840.10045.2.1")[2:]
_ED25519 = der.oid("1.3.101.112")[2:]
# the signature algorithms that name their hash
_WITH_HASH = {
    der.oid(f"1.2.840.113549.1.1.{number}")[2:]: hash_name
    for number, hash_name in ((5, "sha1"), (14, "sha224"), (11, "sha256"), (12, "sha384"), (13, "sha512"))
} | {
    der.oid(f"1.2.840.10045.4.{number}")[2:]: hash_name
    for number, hash_name in (
        *(("1", "sha1"), ("3.1", "sha224"), ("3.2", "sha256")),
        *(("3.3", "sha384"), ("3.4", "sha512")),
    )
}
_CONTENT_TYPE, _MESSAGE_DIGEST, _SIGNING_TIME, _CAPABILITIES = (
    der.oid(f"1.2.840.113549.1.9.{number}")[2:] for number in (3, 4, 5, 15)
)
_PREFERENCE, _CERTIFICATE_V2 = (der.oid(f"1.2.840.113549.1.9.16.2.{number}")[2:] for number in (11, 47))


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature.

    *fault*: why it proves nothing, "" if the key of *certificate* made it over this content.
    *certificate*: the signer's; None if it is nowhere.  Whether he may be believed is not asked here.
    *prefers*: the certificate that mail to the signer is to be encrypted with.
    """

    fault: str
    certificate: x509.Certificate | None = None
    hash_name: str = ""
    signed_at: datetime | None = None
    capabilities: frozenset[str] = frozenset()
    prefers: RecipientId | None = None


class SignerInfo:
    """A SignerInfo that has been read, but not judged.  Raises Malformed if it is not built as one."""

    def __init__(self, tree: Tree, element: Element) -> None:
        self._tree = tree
        fields = Fields(element)
        fields.take(0x02)
        signer = fields.take(der.SEQUENCE, 0x80)
        self._digest_algorithm = Algorithm.of(tree, fields.take(der.SEQUENCE))
        self._attributes = fields.maybe(0xA0)
        self._algorithm = Algorithm.of(tree, fields.take(der.SEQUENCE))
        self._signature = tree.octets(fields.take(0x04, 0x24))
        if signer.tag == 0x80:
            self._signer = RecipientId(key_identifier=tree.octets(signer))
        else:
            inner = Fields(signer)
            self._signer = identifier(tree.raw(inner.take(der.SEQUENCE)), tree.octets(inner.take(0x02)))

    @property
    def hash_name(self) -> str:
        """The hash of the content, "" if we do not know it."""
        digest = HASHES.get(self._digest_algorithm.oid)
        return digest.name if digest else ""

    def judged(
        self, content_type: bytes, digests: Iterable[Mapping[str, bytes]], sent: Iterable[x509.Certificate]
    ) -> Signature:
        """The signature, over content that has one of *digests*: by the names of hashes, one for each form.

        *sent*: the certificates among which the signer's is looked for.
        """
        certificate = next((one for one in sent if self._is_of(one)), None)
        try:
            attributes = self._read_attributes()
            return Signature(
                self._content_fault(attributes, content_type, digests)
                or self._signer_fault(attributes, certificate),
                certificate,
                self.hash_name,
                self._signed_at(attributes),
                self._capabilities(attributes),
                self._preferred(attributes),
            )
        except Malformed as malformed:
            return Signature(str(malformed), certificate, self.hash_name)

    def _is_of(self, certificate: x509.Certificate) -> bool:
        if self._signer.key_identifier:
            return self._signer.key_identifier in name.key_identifiers(certificate)
        same = (name.issuer(certificate), name.serial(certificate))
        return same == (self._signer.issuer, self._signer.serial)

    def _read_attributes(self) -> dict[bytes, list[Element]]:
        """The values of the signed attributes, by type."""
        if self._attributes is None:
            raise Malformed("it has no signed attributes")
        found: dict[bytes, list[Element]] = {}
        for attribute in self._attributes.children:
            fields = Fields(attribute)
            kind = self._tree.octets(fields.take(0x06))
            if kind in found:
                raise Malformed("a signed attribute is there twice")
            found[kind] = list(fields.take(der.SET).children)
        return found

    def _one(self, attributes: Mapping[bytes, list[Element]], kind: bytes) -> Element | None:
        values = attributes.get(kind)
        if values is not None and len(values) != 1:
            raise Malformed("a signed attribute has not one value")
        return values[0] if values else None

    def _content_fault(
        self,
        attributes: Mapping[bytes, list[Element]],
        content_type: bytes,
        digests: Iterable[Mapping[str, bytes]],
    ) -> str:
        named, digest = self._one(attributes, _CONTENT_TYPE), self._one(attributes, _MESSAGE_DIGEST)
        if named is None or digest is None:
            return "its signed attributes lack the content type or the digest"
        if named.tag != 0x06 or self._tree.octets(named) != content_type:
            return "it was made for content of another type"
        if not self.hash_name:
            return "its hash is none that we know"
        signed = self._tree.octets(digest)
        return (
            "" if any(form.get(self.hash_name) == signed for form in digests) else "the content was changed"
        )

    def _signer_fault(
        self, attributes: Mapping[bytes, list[Element]], certificate: x509.Certificate | None
    ) -> str:
        if certificate is None:
            return "the signer's certificate is not there"
        if not self._names(attributes, certificate):
            return "it names another certificate than the signer's"
        try:
            return "" if self._signed_by(certificate) else "it was not made by the key of the certificate"
        except (ValueError, TypeError, UnsupportedAlgorithm):
            return "it was made in a way that we do not know"

    def _names(self, attributes: Mapping[bytes, list[Element]], certificate: x509.Certificate) -> bool:
        """Whether a SigningCertificateV2 (RFC 5035 §3), if there is one, names *certificate* first."""
        value = self._one(attributes, _CERTIFICATE_V2)
        if value is None:
            return True
        fields = Fields(Fields(Fields(value).take(der.SEQUENCE)).take(der.SEQUENCE))
        algorithm = fields.maybe(der.SEQUENCE)
        digest = hashes.SHA256() if algorithm is None else hash_of(self._tree, algorithm)
        return self._tree.octets(fields.take(0x04)) == certificate.fingerprint(digest)

    def _signed_by(self, certificate: x509.Certificate) -> bool:
        assert self._attributes is not None  # noqa: S101 (they have been read)
        # The attributes are signed in DER; one who wrote them otherwise may have signed what he wrote.
        forms = (
            b"\x31" + self._tree.raw(self._attributes)[1:],
            self._tree.canonical(self._attributes, der.SET),
        )
        return any(self._verifies(certificate, octets) for octets in dict.fromkeys(forms))

    def _verifies(self, certificate: x509.Certificate, octets: bytes) -> bool:
        key = certificate.public_key()
        digest = HASHES[self._digest_algorithm.oid]
        oid = self._algorithm.oid
        if _WITH_HASH.get(oid, digest.name) != digest.name:
            raise ValueError("the two hashes are not the same")
        try:
            if isinstance(key, rsa.RSAPublicKey):
                if oid == _PSS:
                    padding, digest = self._pss()
                    key.verify(self._signature, octets, padding, digest)
                elif oid == _RSA_ENCRYPTION or oid in _WITH_HASH:
                    key.verify(self._signature, octets, PKCS1v15(), digest)
                else:
                    raise ValueError("no signature of RSA")
            elif isinstance(key, ec.EllipticCurvePublicKey) and (oid in _WITH_HASH or oid == _EC_PUBLIC_KEY):
                key.verify(self._signature, octets, ec.ECDSA(digest))
            elif isinstance(key, ed25519.Ed25519PublicKey) and oid == _ED25519:
                key.verify(self._signature, octets)
            else:
                raise ValueError("no signature of such a key")
        except InvalidSignature:
            return False
        return True

    def _pss(self) -> tuple[PSS, hashes.HashAlgorithm]:
        """RSASSA-PSS-params (RFC 8017 §A.2.3)."""
        digest: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 (the default)
        mask: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303
        salt = 20
        if self._algorithm.parameters is not None:
            fields = Fields(self._algorithm.parameters)
            if explicit := fields.maybe(0xA0):
                digest = hash_of(self._tree, Fields(explicit).take(der.SEQUENCE))
            if explicit := fields.maybe(0xA1):
                mask = mask_hash(self._tree, explicit)
            if explicit := fields.maybe(0xA2):
                salt = int.from_bytes(self._tree.octets(Fields(explicit).take(0x02)), "big")
        if digest.name != self.hash_name or salt > 512:
            raise ValueError("the two hashes are not the same")
        return PSS(MGF1(mask), salt), digest

    def _signed_at(self, attributes: Mapping[bytes, list[Element]]) -> datetime | None:
        value = self._one(attributes, _SIGNING_TIME)
        if value is None:
            return None
        form = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}.get(value.tag, "")
        try:
            found = datetime.strptime(self._tree.octets(value).decode("ascii"), form).replace(tzinfo=UTC)
        except (ValueError, UnicodeDecodeError):
            return None
        # RFC 5652 §11.3: two digits of 50 and above are of the last century; strptime says 69.
        return found.replace(year=found.year - 100) if value.tag == 0x17 and found.year >= 2050 else found

    def _capabilities(self, attributes: Mapping[bytes, list[Element]]) -> frozenset[str]:
        value = self._one(attributes, _CAPABILITIES)
        return frozenset() if value is None else capability.read(self._tree.canonical(value))

    def _preferred(self, attributes: Mapping[bytes, list[Element]]) -> RecipientId | None:
        """The certificate of SMIMEEncryptionKeyPreference (RFC 8551 §2.5.3), where it is named."""
        value = self._one(attributes, _PREFERENCE)
        if value is None or value.tag != 0xA0:
            return None
        fields = Fields(value)
        issuer = self._tree.raw(fields.take(der.SEQUENCE))
        return identifier(issuer, self._tree.octets(fields.take(0x02)))
