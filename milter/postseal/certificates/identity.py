"""Who signs for whom: certificate chains and private keys, read once, asked by sender.

A wrong key, or a certificate that may never sign, stops the loading: the administrator named these
files and waits for an answer.  One that has expired is a warning, and mail that must be signed with
it does not leave.  A key never shows in a repr, an error or a log.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

from postseal.certificates import private_key, purpose, read
from postseal.certificates.directory import SOON
from postseal.cms.signature import PrivateKey
from postseal.envelope import domain_key, key, split
from postseal.errors import BadInput, Place, Problem
from postseal.settings import smime


@dataclass(frozen=True, slots=True, eq=False)
class SigningIdentity:
    """A certificate chain, the signer's own first, and its key."""

    place: Place
    chain: tuple[x509.Certificate, ...] = field(repr=False)
    key: PrivateKey = field(repr=False)
    not_before: datetime
    not_after: datetime

    def refusal(self, at: datetime) -> str:
        """Why it cannot sign at the time *at*, "" if it can."""
        return purpose.time_refusal(self.not_before, self.not_after, at)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the signer's certificate, hexadecimal."""
        return self.chain[0].fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True, slots=True)
class Identities:
    """All signing identities, by the address or the domain that they sign for."""

    warnings: tuple[Problem, ...] = ()
    _by_sender: dict[str, tuple[SigningIdentity, ...]] = field(default_factory=dict, repr=False)

    def of(self, sender: str, at: datetime) -> SigningIdentity | None:
        """Who signs for the address *sender* at the time *at*: of several usable ones the newest.

        An identity for the address goes before one for its domain.
        """
        return next((one for one in self._candidates(sender) if not one.refusal(at)), None)

    def refusals(self, sender: str, at: datetime) -> tuple[Problem, ...]:
        """Why those that were set up to sign for *sender* cannot."""
        return tuple(
            Problem(one.place, f"the certificate cannot be used: {refusal}")
            for one in self._candidates(sender)
            if (refusal := one.refusal(at))
        )

    def all(self) -> tuple[SigningIdentity, ...]:
        """Every identity, once."""
        return tuple({id(one): one for several in self._by_sender.values() for one in several}.values())

    def expiries(self) -> dict[str, datetime]:
        """When each certificate of ours expires, by its fingerprint."""
        return {one.fingerprint: one.not_after for one in self.all()}

    def _candidates(self, sender: str) -> tuple[SigningIdentity, ...]:
        domain = domain_key(split(sender)[1])
        return self._by_sender.get(key(sender), ()) + self._by_sender.get(domain, ())


def load(
    named: Sequence[smime.Identity], at: datetime, masters: private_key.Masters | None = None
) -> Identities:
    """The identities that the settings name.  Raises BadInput with all that is wrong with them.

    What is wrong only at the time *at*, or only unwise, is a warning.
    """
    problems: list[Problem] = []
    warnings: list[Problem] = []
    by_sender: dict[str, list[SigningIdentity]] = {}
    for one in named:
        try:
            identity, advice = _identity(one, masters)
        except BadInput as error:
            problems += error.problems
            continue
        warnings += [*advice, *_time_warning(identity, at)]
        for sender in one.senders:
            by_sender.setdefault(key(sender) if "@" in sender else domain_key(sender), []).append(identity)
    if problems:
        raise BadInput(problems)
    newest_first = {
        sender: tuple(sorted(several, key=lambda one: one.not_before, reverse=True))
        for sender, several in by_sender.items()
    }
    warnings += _ending({several[0] for several in newest_first.values()}, at)
    return Identities(tuple(sorted(warnings)), newest_first)


def _identity(
    named: smime.Identity, masters: private_key.Masters | None
) -> tuple[SigningIdentity, list[Problem]]:
    private, warnings = private_key.load(named.key, masters)
    if not isinstance(private, PrivateKey):
        hint = "use an RSA, P-256 or P-384 key, which every mail program can verify"
        problem = Problem(Place(str(named.key)), "the private key is of a kind that does not sign", hint)
        raise BadInput([problem])
    file = read.certificates(named.certificate)  # a private key may stand beside: the files may be one
    if file.problems:
        raise BadInput(file.problems)
    public = public_octets(private.public_key())
    signers = [found for found in file.certificates if has_key(found[1], public)]
    if not signers:
        what = f"none of the certificates belongs to the key {named.key}"
        hint = "name the certificate that was issued for that key"
        raise BadInput([Problem(Place(str(named.certificate)), what, hint)])
    place, certificate = signers[0]
    if refusal := purpose.signing_refusal(certificate):
        hint = "use a certificate that was issued for signing mail"
        raise BadInput([Problem(place, f"the certificate cannot sign mail: {refusal}", hint)])
    chain = _chain(certificate, [other for _, other in file.certificates])
    identity = SigningIdentity(
        place, chain, private, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    )
    return identity, [*warnings, *_name_warnings(identity, named.senders)]


def _chain(certificate: x509.Certificate, others: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """*certificate* and, as far as *others* go, its issuer, the issuer's issuer and so on."""
    chain = [certificate]
    while issuer := next(
        (other for other in others if other not in chain and _issued(other, chain[-1])), None
    ):
        chain.append(issuer)
    return tuple(chain)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, *purpose.MALFORMED):
        return False
    return True


def has_key(certificate: x509.Certificate, public: bytes) -> bool:
    """Whether *certificate* was issued for the public key with the octets *public*."""
    try:
        return public_octets(certificate.public_key()) == public
    except purpose.MALFORMED:
        return False


def public_octets(key: CertificatePublicKeyTypes) -> bytes:
    """The SubjectPublicKeyInfo of *key*, DER."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _time_warning(identity: SigningIdentity, at: datetime) -> Iterable[Problem]:
    if refusal := identity.refusal(at):
        hint = "until it is valid, mail that must be signed with it does not leave"
        yield Problem(identity.place, f"the certificate cannot sign now: {refusal}", hint)


def _ending(newest: Iterable[SigningIdentity], at: datetime) -> Iterable[Problem]:
    """A warning for each that ends soon and has no successor."""
    for identity in newest:
        if identity.not_before <= at <= identity.not_after < at + SOON:
            what = f"the certificate can sign until {identity.not_after:%Y-%m-%d} only"
            yield Problem(identity.place, what, "renew it; both may be named until then")


def _name_warnings(identity: SigningIdentity, senders: Iterable[str]) -> Iterable[Problem]:
    """A warning for each address that is signed for but not in the certificate: mail programs look there."""
    certified = {key(address) for address in purpose.addresses(identity.chain[0])}
    for sender in senders:
        if "@" in sender and key(sender) not in certified:
            hint = "programs will show the signature as somebody else's"
            yield Problem(identity.place, f"the certificate does not name {sender}", hint)
