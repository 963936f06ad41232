"""A certificate that somebody says is a recipient's, before anybody judged it."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from postseal.errors import Place
from postseal.settings.smime import Source
from postseal.store.kept import New, Origin


@dataclass(frozen=True, slots=True)
class Candidate:
    """*vouched*: whether somebody who is trusted says whose it is; then no path is asked for.

    *capabilities*: what its owner has said that his programs read.
    """

    certificate: x509.Certificate = field(repr=False)
    place: Place
    vouched: bool
    capabilities: frozenset[str] = frozenset()


class Remote(Protocol):
    """A source elsewhere.  It is asked in a thread that nobody waits for any longer than the limit."""

    @property
    def origin(self) -> Origin:
        """How the store calls what comes from here."""
        ...

    @property
    def vouches(self) -> bool:
        """Whether its word is enough, without a path to an authority."""
        ...

    def find(self, address: str, seconds: float) -> tuple[x509.Certificate, ...]:
        """The certificates of *address*; () if it is sure that there is none.

        Raises Failure(LOOKUP) if it cannot say, after *seconds* at the latest.
        """
        ...


ORIGINS = {Source.LDAP: Origin.LDAP, Source.DNS: Origin.DNS, Source.HTTP: Origin.HTTP}
"""The sources elsewhere, by the words of the settings."""


def new(certificate: x509.Certificate) -> New:
    """*certificate* as the store keeps it.  Raises one of purpose.MALFORMED."""
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return New(
        certificate.fingerprint(hashes.SHA256()),
        certificate.public_bytes(serialization.Encoding.DER),
        _sha256(key),
        _sha256(certificate.issuer.public_bytes()),
        certificate.not_valid_after_utc,
    )


def _sha256(octets: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(octets)
    return digest.finalize()
