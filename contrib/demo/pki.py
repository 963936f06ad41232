"""Certificates made on the spot: authorities, intermediates, and people with keys of any kind and age.

root = Authority.root()
ann = root.issue("ann@example.com")
bob = root.intermediate().issue("bob@example.com", kind="p256", usage={"key_agreement"})
path.write_bytes(bob.pem)
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

Extensions = Sequence[tuple[x509.ExtensionType, bool]]
"""Extensions of a certificate, and whether each is critical."""

EMAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "p256": ec.SECP256R1,
    "p384": ec.SECP384R1,
    "p521": ec.SECP521R1,
}
USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


def new_key(kind: str) -> Key:
    """A new private key: "rsa" (2048 bits), "rsa1024" and so on, "p256", "p384", "p521" or "ed25519"."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:] or 2048))
    return (
        ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(CURVES[kind]())
    )


def pem(*certificates: x509.Certificate) -> bytes:
    """*certificates* as one PEM file."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def key_pem(key: Key) -> bytes:
    """*key* as an unencrypted PEM file."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@dataclass(frozen=True)
class Person:
    """A certificate with its key; *chain*: the certificate and those above it, the root last."""

    chain: tuple[x509.Certificate, ...]
    key: Key = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    @property
    def pem(self) -> bytes:
        """The certificate as a PEM file."""
        return pem(self.certificate)

    @property
    def key_pem(self) -> bytes:
        """The key as an unencrypted PEM file."""
        return key_pem(self.key)


@dataclass(frozen=True)
class Authority(Person):
    """Somebody who issues certificates."""

    @classmethod
    def root(cls, name: str = "Test Root") -> "Authority":
        """A new root, valid for ten years."""
        key = new_key("p256")
        return cls((_certificate(_name(name), key, None, key, _ca_extensions()),), key)

    def intermediate(
        self, name: str = "Test Intermediate", *, extensions: Extensions = (), key: Key | None = None
    ) -> "Authority":
        """A new authority below this one, with *extensions* besides its own."""
        key = key or new_key("p256")
        own = [*_ca_extensions(), *extensions]
        certificate = _certificate(_name(name), key, self.certificate, self.key, own)
        return Authority((certificate, *self.chain), key)

    def crl(
        self,
        *revoked: x509.Certificate,
        begin: datetime | None = None,
        end: datetime | None = None,
        extensions: Extensions = (),
    ) -> bytes:
        """The revocation list of this authority, DER; valid from an hour ago for a day if not said."""
        begin = begin or datetime.now(UTC) - timedelta(hours=1)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(begin)
            .next_update(end or begin + timedelta(days=1))
        )
        for one in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(begin)
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        assert not isinstance(self.key, ed25519.Ed25519PrivateKey)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def issue(
        self,
        *addresses: str,
        kind: str = "rsa",
        usage: Collection[str] | None = ("digital_signature", "key_encipherment", "key_agreement"),
        purposes: Sequence[x509.ObjectIdentifier] | None = (EMAIL,),
        begin: datetime | None = None,
        end: datetime | None = None,
        subject_address: str = "",
        key: Key | None = None,
        names: Sequence[x509.GeneralName] = (),
        extensions: Extensions = (),
        subject: x509.Name | None = None,
    ) -> Person:
        """A person with *addresses* as SAN rfc822Name, and *subject_address* in the subject.

        *names*: further subjectAltNames.  *extensions*: besides its own.  *subject*: in place of one
        made of the addresses.
        *usage*, *purposes*: None leaves the extension out.  Valid from a day ago for a year if not said.
        """
        key = key or new_key(kind)
        extensions = [*extensions, (x509.BasicConstraints(ca=False, path_length=None), True)]
        if addresses or names:
            alternatives = [*(x509.RFC822Name(address) for address in addresses), *names]
            extensions.append((x509.SubjectAlternativeName(alternatives), False))
        if usage is not None:
            extensions.append((_key_usage(usage), True))
        if purposes is not None:
            extensions.append((x509.ExtendedKeyUsage(purposes), False))
        subject = subject or _name((*addresses, subject_address)[0] or "somebody", subject_address)
        certificate = _certificate(subject, key, self.certificate, self.key, extensions, begin=begin, end=end)
        return Person((certificate, *self.chain), key)


def _name(common: str, address: str = "") -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Postseal tests")]
    attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, common[:64]))
    if address:
        attributes.append(x509.NameAttribute(NameOID.EMAIL_ADDRESS, address))
    return x509.Name(attributes)


def _key_usage(usage: Collection[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in usage for name in USAGES})


def _ca_extensions() -> list[tuple[x509.ExtensionType, bool]]:
    return [
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (_key_usage({"key_cert_sign", "crl_sign"}), True),
    ]


def _certificate(
    subject: x509.Name,
    key: Key,
    issuer: x509.Certificate | None,
    issuer_key: Key,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    *,
    begin: datetime | None = None,
    end: datetime | None = None,
) -> x509.Certificate:
    begin = begin or datetime.now(UTC) - timedelta(days=1)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end or begin + timedelta(days=365 if issuer else 3650))
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    assert not isinstance(issuer_key, ed25519.Ed25519PrivateKey)
    return builder.sign(issuer_key, hashes.SHA256())
