"""What a certificate may be used for: encrypting mail to its owner, or signing in his name.

A refusal is a sentence for the administrator; "" means that nothing speaks against it.  Whether the
issuer is to be trusted is not asked here: a directory of certificates is trusted as a whole.
"""

from collections.abc import Callable
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID

from postseal.certificates import address

MALFORMED = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
"""All that cryptography raises about a certificate with something wrong in it."""

_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


def encryption_refusal(certificate: x509.Certificate) -> str:
    """Why nothing can be encrypted to *certificate*, whatever the time."""
    return _refusal(certificate, encryption_key_refusal, encryption_usage_refusal)


def signing_refusal(certificate: x509.Certificate) -> str:
    """Why nobody can sign with *certificate*, whatever the time."""
    return _refusal(certificate, signing_key_refusal, signing_usage_refusal)


def addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """The mail addresses of the owner: those of the subjectAltName, else those in the subject.

    Raises one of MALFORMED.
    """
    return address.certified(certificate) or address.in_subject(certificate)


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether *certificate* is that of an issuer.  Raises one of MALFORMED."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def time_refusal(not_before: datetime, not_after: datetime, at: datetime) -> str:
    """Why a certificate with this validity cannot be used at the time *at*."""
    if at > not_after:
        return f"it expired {not_after:%Y-%m-%d}"
    return f"it is not valid before {not_before:%Y-%m-%d}" if at < not_before else ""


def _refusal(certificate: x509.Certificate, *refusals: Callable[[x509.Certificate], str]) -> str:
    try:
        whys = (refusal(certificate) for refusal in (*refusals, purpose_refusal))
        return next((why for why in whys if why), "")
    except MALFORMED as error:
        return f"it is malformed: {error}"


def encryption_key_refusal(certificate: x509.Certificate) -> str:
    """Why we do not encrypt to a key of its kind, "" if we do.  Raises one of MALFORMED."""
    return "" if rarely_read(certificate) else _key_refusal(certificate)


def signing_key_refusal(certificate: x509.Certificate) -> str:
    """Why we do not sign with a key of its kind, "" if we do.  Raises one of MALFORMED."""
    return "" if isinstance(certificate.public_key(), ed25519.Ed25519PublicKey) else _key_refusal(certificate)


def rarely_read(certificate: x509.Certificate) -> bool:
    """Whether hardly any program reads what is encrypted to such a key; its owner may have another.

    Raises one of MALFORMED.
    """
    return isinstance(certificate.public_key(), x25519.X25519PublicKey)


def _key_refusal(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5:
            return "its RSA key is restricted to RSA-PSS"
        if not 2048 <= key.key_size <= 8192:
            return f"its RSA key has {key.key_size} bits, not 2048 to 8192"
        exponent = key.public_numbers().e
        return "" if exponent % 2 and exponent > 1 else "the exponent of its RSA key is not odd"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "" if key.curve.name in _CURVES else f"its key is on {key.curve.name}, which few programs know"
    return "its key is neither RSA nor on an elliptic curve of ours"


def weak_key(certificate: x509.Certificate) -> str:
    """Why a signature with its key proves nothing, "" if it does.  Raises one of MALFORMED."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and not 2048 <= key.key_size <= 8192:
        return f"its RSA key has {key.key_size} bits, not 2048 to 8192"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < 256:
        return f"its key on {key.curve.name} has only {key.key_size} bits"
    return "its key is a DSA key" if isinstance(key, dsa.DSAPublicKey) else ""


def encryption_usage_refusal(certificate: x509.Certificate) -> str:
    """Why its key usage forbids encryption.  Raises one of MALFORMED."""
    usage = _usage(certificate)
    if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey | x25519.X25519PublicKey):
        return "its key usage lacks keyAgreement" if usage and not usage.key_agreement else ""
    return "its key usage lacks keyEncipherment" if usage and not usage.key_encipherment else ""


def signing_usage_refusal(certificate: x509.Certificate) -> str:
    """Why its key usage forbids signatures.  Raises one of MALFORMED."""
    usage = _usage(certificate)
    # RFC 8550 §4.4.2: either bit will do
    if usage and not (usage.digital_signature or usage.content_commitment):
        return "its key usage lacks digitalSignature"
    return ""


def purpose_refusal(certificate: x509.Certificate) -> str:
    """Why its extended key usage forbids mail.  Raises one of MALFORMED."""
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ""
    return "" if _MAIL.intersection(purposes) else "its extended key usage lacks emailProtection"


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return None
