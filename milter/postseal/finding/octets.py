"""Certificates as servers hand them out: PEM, DER, or a PKCS #7 bundle of certificates alone."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from postseal.certificates.purpose import MALFORMED

_MOST = 50
"""Certificates that are looked at; nobody has more."""


def certificates(octets: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates in *octets*, at most 50.  Raises ValueError if there is none."""
    try:
        if b"-----BEGIN CERTIFICATE-----" in octets:
            return tuple(x509.load_pem_x509_certificates(octets)[:_MOST])
        if b"-----BEGIN PKCS7-----" in octets:
            return tuple(pkcs7.load_pem_pkcs7_certificates(octets)[:_MOST])
    except MALFORMED as error:
        raise ValueError(f"malformed certificates: {error}") from None
    try:
        return (x509.load_der_x509_certificate(octets),)
    except MALFORMED as error:
        reason = error
    try:
        return tuple(pkcs7.load_der_pkcs7_certificates(octets)[:_MOST])
    except MALFORMED:
        raise ValueError(f"no certificate: {reason}") from None
