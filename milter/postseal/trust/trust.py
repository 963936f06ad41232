"""Whether a certificate may be believed: lists, path, names, key, revocation, in this order.

`Trust.judge` is the only place that says yes.  It reads nothing but memory and the `Revocations` it was
given, which must answer from a cache: it is asked while mail waits.
"""

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp as rfc6960

from postseal.certificates import address, purpose
from postseal.envelope import key
from postseal.settings.smime import Revocation
from postseal.trust import constraints, crl, ocsp
from postseal.trust.anchors import Anchors
from postseal.trust.crl import Crl
from postseal.trust.path import Paths, name
from postseal.trust.policies import extension
from postseal.trust.verdict import Refused, Rule, Verdict


class Use(StrEnum):
    """What a certificate is to be used for."""

    ENCRYPT = "encrypt"  # to its owner
    VERIFY = "verify"  # signatures of its owner


class Revocations(Protocol):
    """What is known about revocation, from a cache; never waits for a network.  May raise Failure."""

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Collection[Crl]:
        """The revocation lists that may say something about *certificate*."""
        ...

    def response(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The last answer of the responder about *certificate*; None if there is none."""
        ...


class NothingKnown:
    """Knows nothing about revocation."""

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Collection[Crl]:
        """None."""
        return ()

    def response(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """None."""
        return None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe.  *subject_addresses*: whether an address in the subject counts, without another."""

    anchors: Anchors = field(default_factory=Anchors)
    policy: Revocation = Revocation.SOFT
    revocations: Revocations = field(default_factory=NothingKnown, repr=False)
    subject_addresses: bool = False
    _paths: Paths = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_paths", Paths(self.anchors))

    def judge(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate] = (),
        *,
        at: datetime,
        use: Use | None = None,
        owner: str = "",
        distrusted: Collection[bytes] = (),
    ) -> Verdict:
        """Whether *certificate* may be believed at the time *at*.

        *others*: certificates that came with it.  *use*: None for either.  *owner*: the address that it
        has to certify, "" for any (without a use: for none).  *distrusted*: SHA-256 fingerprints that are
        never believed, the certificate's or an issuer's.  May raise Failure, if the revocations do.
        """
        path: tuple[x509.Certificate, ...] = ()
        pool = tuple(others)
        try:
            _check_listed([certificate], distrusted)
            path = self._paths.find(certificate, pool, at)
            _check_listed(path, distrusted)
            self._check_names(path, use, owner)
            _check_use(certificate, use)
            self._check_revocation(path, pool, at)
        except Refused as refused:
            return Verdict(refused.rule, refused.why, path)
        except (*purpose.MALFORMED, UnicodeDecodeError) as error:
            return Verdict(Rule.MALFORMED, f"it is malformed: {error}", path)
        return Verdict(path=path)

    def vouched(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate] = (),
        *,
        at: datetime,
        use: Use | None = None,
        distrusted: Collection[bytes] = (),
    ) -> Verdict:
        """The same where the administrator vouches for path, names and owner.

        What is known to be revoked is refused all the same.
        """
        try:
            _check_listed([certificate], distrusted)
            _check_time(certificate, at)
            _check_use(certificate, use)
        except Refused as refused:
            return Verdict(refused.rule, refused.why)
        except purpose.MALFORMED as error:
            return Verdict(Rule.MALFORMED, f"it is malformed: {error}")
        verdict = self.judge(certificate, others, at=at, distrusted=distrusted)
        return verdict if verdict.rule in {Rule.REVOKED, Rule.DISTRUSTED} else Verdict()

    def addresses(self, certificate: x509.Certificate) -> tuple[str, ...]:
        """The addresses that *certificate* certifies.  Raises one of purpose.MALFORMED."""
        found = address.certified(certificate)
        return found if found or not self.subject_addresses else address.in_subject(certificate)

    def _check_names(self, path: Sequence[x509.Certificate], use: Use | None, owner: str) -> None:
        addresses = self.addresses(path[0])
        if not addresses and (use or owner):
            raise Refused(Rule.ADDRESS, "its subjectAltName names no mail address")
        constraints.check(path, addresses)
        if owner and key(owner) not in map(key, addresses):
            raise Refused(Rule.ADDRESS, f"it is for {', '.join(addresses)}, not for {owner}")

    def _check_revocation(
        self, path: Sequence[x509.Certificate], pool: tuple[x509.Certificate, ...], at: datetime
    ) -> None:
        if self.policy is Revocation.OFF:
            return
        unknown = ""
        for certificate, issuer in itertools.pairwise(path):
            who = "it" if certificate is path[0] else f"its issuer {name(certificate.subject)}"
            revoked, why = self._revoked(certificate, issuer, path, pool, at)
            if revoked:
                raise Refused(Rule.REVOKED, f"{who} was revoked ({revoked})")
            unknown = unknown or (why and f"whether {who} was revoked is not known: {why}")
        if unknown and self.policy is Revocation.HARD:
            raise Refused(Rule.REVOCATION_UNKNOWN, unknown)

    def _revoked(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        path: Sequence[x509.Certificate],
        pool: tuple[x509.Certificate, ...],
        at: datetime,
    ) -> tuple[str, str]:
        """Why *certificate* is revoked, and why that is not known; both "" if it is good."""
        why, good = "", False
        if octets := self.revocations.response(certificate, issuer):
            answer, why = ocsp.status(certificate, issuer, octets, at)
            if answer is rfc6960.OCSPCertStatus.REVOKED:
                return why, ""
            good = answer is rfc6960.OCSPCertStatus.GOOD
        said = crl.status(
            certificate,
            self.revocations.lists(certificate, issuer),
            at,
            signed=lambda one: self._signed(one, issuer, path, pool, at),
        )
        return said.revoked, "" if good or said.good else why or said.why

    def _signed(
        self,
        signed: Crl,
        issuer: x509.Certificate,
        path: Sequence[x509.Certificate],
        pool: tuple[x509.Certificate, ...],
        at: datetime,
    ) -> bool:
        """Whether the issuer signed the list, or another certificate of the same authority did.

        An authority may have changed its key, or keep one for lists alone (RFC 5280 §6.3.3 (f)); its
        certificate needs a path to the same anchor, and must not be revoked by the issuer's own lists.
        """
        if _may_sign_lists(issuer) and _signed_by(signed, issuer):
            return True
        for other in dict.fromkeys([*self.anchors.intermediates, *self.anchors.roots, *pool]):
            if other.subject != signed.issuer or other == issuer:
                continue
            if not (_may_sign_lists(other) and _signed_by(signed, other)):
                continue
            try:
                found = self._paths.find(other, pool, at)
            except Refused:
                continue
            if found[-1] == path[-1] and self._unrevoked(other, found[1], at):
                return True
        return False

    def _unrevoked(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
        """Whether lists that *issuer* itself signed do not revoke *certificate*; one level, so it ends."""
        lists = self.revocations.lists(certificate, issuer)
        said = crl.status(certificate, lists, at, signed=lambda one: _signed_by(one, issuer))
        return not said.revoked and (said.good or self.policy is not Revocation.HARD)


def _check_listed(path: Iterable[x509.Certificate], distrusted: Collection[bytes]) -> None:
    for number, certificate in enumerate(path):
        if distrusted and certificate.fingerprint(hashes.SHA256()) in distrusted:
            who = f"its issuer {name(certificate.subject)}" if number else "it"
            raise Refused(Rule.DISTRUSTED, f"{who} is on the list of those never to be believed")


def _check_time(certificate: x509.Certificate, at: datetime) -> None:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if why := purpose.time_refusal(begin, end, at):
        raise Refused(Rule.EXPIRED if at > end else Rule.NOT_YET_VALID, why)


def _check_use(certificate: x509.Certificate, use: Use | None) -> None:
    key_refusal = purpose.encryption_key_refusal if use is Use.ENCRYPT else purpose.weak_key
    if why := key_refusal(certificate):
        raise Refused(Rule.KEY, why)
    refusals = {
        Use.ENCRYPT: purpose.encryption_usage_refusal,
        Use.VERIFY: purpose.signing_usage_refusal,
    }
    whys = [refusal(certificate) for one, refusal in refusals.items() if use in {one, None}]
    if all(whys):
        raise Refused(Rule.KEY_USAGE, whys[0])
    if why := purpose.purpose_refusal(certificate):
        raise Refused(Rule.PURPOSE, why)


def _may_sign_lists(certificate: x509.Certificate) -> bool:
    usage = extension(certificate, x509.KeyUsage)
    return not usage or usage.crl_sign


def _signed_by(signed: Crl, certificate: x509.Certificate) -> bool:
    if signed.issuer != certificate.subject:
        return False
    try:
        return signed.signed.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]  # a key that cannot sign is a TypeError
    except (TypeError, *purpose.MALFORMED):
        return False
