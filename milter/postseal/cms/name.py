"""How CMS names a certificate: by its issuer and serial number."""

from cryptography import x509
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


def _issuer_and_serial(certificate: x509.Certificate) -> tuple[bytes, bytes]:
    # cryptography would write the name anew, perhaps with other string types than the issuer chose.
    fields = der.children(der.children(certificate.public_bytes(Encoding.DER))[0])
    if fields[0][0] == 0xA0:  # the version, absent from version 1
        del fields[0]
    return fields[2], fields[0]
