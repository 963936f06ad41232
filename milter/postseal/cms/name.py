"""How CMS names a certificate: by its issuer and serial number, or by an identifier of its key."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from postseal.cms import der


def issuer(certificate: x509.Certificate) -> bytes:
    """The issuer's Name, octet for octet as the certificate has it (readers compare octets)."""
    return _issuer_and_serial(certificate)[0]


def serial(certificate: x509.Certificate) -> bytes:
    """The serial number, an INTEGER as the certificate has it."""
    return _issuer_and_serial(certificate)[1]


def issuer_and_serial(certificate: x509.Certificate) -> bytes:
    """IssuerAndSerialNumber (RFC 5652 §10.2.4)."""
    return der.sequence(*_issuer_and_serial(certificate))


def key_identifiers(certificate: x509.Certificate) -> frozenset[bytes]:
    """The identifiers of its key: the one it bears, and the one programs make up (RFC 5280 §4.2.1.2)."""
    try:
        own = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    except (ValueError, UnsupportedAlgorithm):
        return frozenset()
    try:
        written = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return frozenset({own})
    return frozenset({own, written})


def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    # cryptography would write the name anew, perhaps with other string types than the issuer chose.
    fields = der.children(der.children(certificate.public_bytes(Encoding.DER))[0])
    if fields[0][0] == 0xA0:  # the version, absent from version 1
        del fields[0]
    return fields[2], fields[0]
