"""Certificates as an administrator reads them; nothing of theirs can drive his terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from postseal.certificates import purpose
from postseal.certificates import read as files
from postseal.errors import BadInput, Place


def read(file: Path) -> tuple[tuple[Place, x509.Certificate], ...]:
    """The certificates in *file*, at least one.  Raises BadInput."""
    found = files.certificates(file)
    if found.problems:
        raise BadInput(found.problems)
    return found.certificates


def addresses_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The addresses that *certificate* certifies; () if it is malformed."""
    try:
        return purpose.addresses(certificate)
    except purpose.MALFORMED:
        return ()


def described(text: str) -> str:
    """*text* with all that a terminal would obey made visible."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


def line(certificate: x509.Certificate) -> str:
    """A certificate in a line."""
    until = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    return f"{fingerprint(certificate)[:16]}  until {until}  {name(certificate.subject)}"


def name(subject: x509.Name) -> str:
    """A name, as RFC 4514 writes it."""
    try:
        return described(subject.rfc4514_string())
    except ValueError:
        return "(malformed name)"


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def facts(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    """What is to be known of *certificate*, one fact after the other."""
    yield "fingerprint", fingerprint(certificate)
    yield "subject", name(certificate.subject)
    yield "issuer", name(certificate.issuer)
    yield "serial", f"{certificate.serial_number:x}"
    yield "addresses", described(", ".join(addresses_of(certificate))) or "none"
    yield (
        "valid",
        f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}",
    )
    yield "key", _key(certificate)
    for use, refusal in (
        ("encryption", purpose.encryption_refusal(certificate)),
        ("signatures", purpose.signing_refusal(certificate)),
    ):
        yield use, described(f"no: {refusal}") if refusal else "yes"
    left = certificate.not_valid_after_utc - datetime.now(UTC)
    yield "expires", f"in {left.days} days" if left.days >= 0 else f"{-left.days} days ago"


def _key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except purpose.MALFORMED as error:
        return f"malformed: {error}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA, {key.key_size} bits"
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__
