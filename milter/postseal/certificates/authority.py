"""A small authority of one's own: its certificate, the certificates of people, the list of the revoked.

The profile is what Thunderbird, Outlook and the strict verifiers of today take (RFC 5280, RFC 8550):
RSA with SHA-256, a critical basicConstraints and keyUsage, the purpose of mail alone, the address as
rfc822Name or SmtpUTF8Mailbox, where the list of the revoked is.  Nothing here reads or writes a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from postseal.certificates.address import SMTP_UTF8_MAILBOX
from postseal.envelope import a_labels, split

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

ROOT_BITS: Final = 4096
PERSON_BITS: Final = 3072
_EARLIER: Final = timedelta(hours=1)
"""Before now: clocks differ."""
_USAGES: Final = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority's certificate and key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def new(cls, name: str, *, domains: Sequence[str], at: datetime, lasts: timedelta) -> "Authority":
        """A new authority; with *domains*, it can certify addresses in these alone."""
        key = rsa.generate_private_key(65537, ROOT_BITS)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (_usage("key_cert_sign", "crl_sign"), True),
        ]
        if domains:
            subtrees = [x509.RFC822Name(a_labels(domain)) for domain in domains]
            extensions.append((x509.NameConstraints(subtrees, None), True))
        builder = _builder(
            subject, subject, key=key.public_key(), issuer_key=key.public_key(), at=at, lasts=lasts
        )
        return cls(_signed(builder, extensions, key), key)

    def issue(
        self,
        key: PublicKey,
        addresses: Sequence[str],
        *,
        name: str,
        list_url: str,
        at: datetime,
        lasts: timedelta,
    ) -> x509.Certificate:
        """The certificate of the person *name* with *addresses*, for signatures and encryption of mail.

        *list_url*: where the list of the revoked is, "" for nowhere.  Raises ValueError.
        """
        shown = x509.NameAttribute(NameOID.COMMON_NAME, name[:64])
        enciphers = "key_encipherment" if isinstance(key, rsa.RSAPublicKey) else "key_agreement"
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (_usage("digital_signature", enciphers), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False),
            (x509.SubjectAlternativeName([general_name(address) for address in addresses]), False),
        ]
        if list_url:
            names = [x509.UniformResourceIdentifier(list_url)]
            points = x509.CRLDistributionPoints([x509.DistributionPoint(names, None, None, None)])
            extensions.append((points, False))
        ends = min(lasts, self.certificate.not_valid_after_utc - at)
        own = self.certificate
        builder = _builder(
            x509.Name([shown]), own.subject, key=key, issuer_key=self.key.public_key(), at=at, lasts=ends
        )
        return _signed(builder, extensions, self.key)

    def revocation_list(
        self, revoked: Iterable[tuple[int, datetime]], *, number: int, at: datetime, lasts: timedelta
    ) -> bytes:
        """The list of the serial numbers *revoked* and since when, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at - _EARLIER)
            .next_update(at + lasts)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
        )
        for serial, since in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    *,
    key: PublicKey,
    issuer_key: PublicKey,
    at: datetime,
    lasts: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _EARLIER)
        .not_valid_after(at + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _signed(
    builder: x509.CertificateBuilder, extensions: Iterable[tuple[x509.ExtensionType, bool]], key: PrivateKey
) -> x509.Certificate:
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key, hashes.SHA256())


def _usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in wanted for name in _USAGES})


def general_name(address: str) -> x509.GeneralName:
    """*address* as a certificate or a request names it.  Raises ValueError."""
    local, domain = split(address)
    if not local or not domain or any(character.isspace() for character in address):
        raise ValueError(f"'{address}' is no mail address")
    if local.isascii():
        return x509.RFC822Name(f"{local}@{a_labels(domain)}")
    octets = address.encode()
    if len(octets) > 127:
        raise ValueError(f"'{address}' is too long for a certificate")
    return x509.OtherName(SMTP_UTF8_MAILBOX, bytes([0x0C, len(octets)]) + octets)
