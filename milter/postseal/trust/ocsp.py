"""Asking a responder about one certificate, and judging what it says (RFC 6960)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from postseal.certificates.purpose import MALFORMED
from postseal.trust.policies import extension

LONGEST = timedelta(days=7)
"""How long a response counts that names no end."""
_SKEW = timedelta(minutes=5)


def address(certificate: x509.Certificate) -> str:
    """The URL of the responder that *certificate* names; "" if there is none that we ask."""
    access = extension(certificate, x509.AuthorityInformationAccess)
    for description in access or ():
        place = description.access_location
        if (
            description.access_method == AuthorityInformationAccessOID.OCSP
            and isinstance(place, x509.UniformResourceIdentifier)
            and place.value.lower().startswith(("http://", "https://"))
        ):
            return place.value
    return ""


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The request about *certificate*, DER; the same each time, so that it names the answer.

    CertID by SHA-1, as all responders know it (RFC 5019 §2.1.1); it is an identifier only.
    """
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(serialization.Encoding.DER)


def status(
    certificate: x509.Certificate, issuer: x509.Certificate, octets: bytes, at: datetime
) -> tuple[ocsp.OCSPCertStatus, str]:
    """What the response in *octets* says about *certificate* at the time *at*, and why, if nothing."""
    try:
        response = ocsp.load_der_ocsp_response(octets)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return ocsp.OCSPCertStatus.UNKNOWN, f"the responder says {response.response_status.name}"
        wanted = ocsp.load_der_ocsp_request(question(certificate, issuer))
        single = _single(response.responses, wanted)
        if single is None:
            return ocsp.OCSPCertStatus.UNKNOWN, "the response is about another certificate"
        end = single.next_update_utc or single.this_update_utc + LONGEST
        if not single.this_update_utc - _SKEW <= at <= end:
            return ocsp.OCSPCertStatus.UNKNOWN, f"the response ended {end:%Y-%m-%d %H:%M}"
        if not _signed(response, issuer, at):
            return ocsp.OCSPCertStatus.UNKNOWN, "nobody who may has signed the response"
    except (*MALFORMED, TypeError) as error:
        return ocsp.OCSPCertStatus.UNKNOWN, f"the response is malformed: {error}"
    reason = single.revocation_reason
    return single.certificate_status, reason.value if reason else x509.ReasonFlags.unspecified.value


def end(octets: bytes) -> datetime:
    """When the response in *octets* ends.  Raises ValueError if it says nothing about any certificate."""
    try:
        response = ocsp.load_der_ocsp_response(octets)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise ValueError(f"the responder says {response.response_status.name}")
        ends = [single.next_update_utc or single.this_update_utc + LONGEST for single in response.responses]
    except MALFORMED as error:
        raise ValueError(f"the response is malformed: {error}") from None
    return min(ends)


def _single(
    responses: Iterable[ocsp.OCSPSingleResponse], wanted: ocsp.OCSPRequest
) -> ocsp.OCSPSingleResponse | None:
    asked = (wanted.issuer_name_hash, wanted.issuer_key_hash, wanted.serial_number)
    for one in responses:
        if isinstance(one.hash_algorithm, hashes.SHA1) and asked == (
            one.issuer_name_hash,
            one.issuer_key_hash,
            one.serial_number,
        ):
            return one
    return None


def _signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether the issuer signed it, or one to whom the issuer gave that right (RFC 6960 §4.2.2.2)."""
    if _by(response, issuer):
        return True
    for delegate in response.certificates:
        purposes = extension(delegate, x509.ExtendedKeyUsage)
        if not purposes or ExtendedKeyUsageOID.OCSP_SIGNING not in purposes:
            continue
        try:
            delegate.verify_directly_issued_by(issuer)
        except (InvalidSignature, TypeError, *MALFORMED):
            continue
        if delegate.not_valid_before_utc <= at <= delegate.not_valid_after_utc and _by(response, delegate):
            return True
    return False


def _by(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), response.signature_hash_algorithm
    signature, octets = response.signature, response.tbs_response_bytes
    if isinstance(algorithm, hashes.SHA1 | hashes.MD5):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm:
            key.verify(signature, octets, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm:
            key.verify(signature, octets, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, octets)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
