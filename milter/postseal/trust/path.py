"""Finds and checks the path from a certificate to an anchor (RFC 5280 §6), for mail.

cryptography's verifier builds and checks the path; its profile is that of the web, so what mail needs
is said here: the extended key usage of leaf and issuers, key usage, key sizes, name constraints on all
kinds of addresses, certificate policies.  Revocation is another module's.

Refused though RFC 5280 would allow them, for the verifier does: constraints on directory names and
URIs, policy mappings, names that differ in case or kind of string, dates before 2050 as GeneralizedTime,
DSA, SHA-1.  `postseal certs add --trust` is the way around for a single certificate.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from postseal.certificates import address, purpose
from postseal.trust import constraints, policies
from postseal.trust.anchors import Anchors
from postseal.trust.policies import extension
from postseal.trust.verdict import Refused, Rule

_LONGEST = 10
"""Certificates between the leaf and the anchor; more are an attack or a mistake."""

_MAIL = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}


class Paths:
    """Paths to *anchors*.  Made once, used for many certificates."""

    def __init__(self, anchors: Anchors) -> None:
        self._anchors = anchors
        self._store = Store(list(anchors.roots)) if anchors.roots else None

    def find(
        self, certificate: x509.Certificate, others: Iterable[x509.Certificate], at: datetime
    ) -> tuple[x509.Certificate, ...]:
        """The path: *certificate*, its issuer and so on, the anchor last.  Raises Refused.

        *others*: what came along with it; believed no more than their own path.
        """
        intermediates = list(dict.fromkeys([*self._anchors.intermediates, *others]))
        if self._store is None:
            raise Refused(Rule.PATH, "no authority is trusted: smime.trust names none")
        verifier = (
            PolicyBuilder()
            .store(self._store)
            .time(at)
            .max_chain_depth(_LONGEST)
            .extension_policies(ca_policy=_ISSUER, ee_policy=_LEAF)
            .build_client_verifier()
        )
        try:
            path = tuple(verifier.verify(certificate, intermediates).chain)
        except VerificationError as error:
            known = [*self._anchors.roots, *intermediates]
            said = " ".join(str(error).split())[:300]
            rule = Rule.CONSTRAINT if "constraint" in said and "length" not in said else Rule.PATH
            raise _reason(certificate, known, self._anchors.roots, at) or Refused(rule, said) from None
        except purpose.MALFORMED as error:
            raise Refused(Rule.MALFORMED, f"it is malformed: {error}") from None
        policies.check(path)
        return path


def _issuer_basic(_policy: Policy, _certificate: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("an issuer is no authority")


def _issuer_usage(_policy: Policy, _certificate: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found and not found.key_cert_sign:
        raise ValueError("an issuer's key usage lacks keyCertSign")


def _mail_purpose(
    _policy: Policy, _certificate: x509.Certificate, found: x509.ExtendedKeyUsage | None
) -> None:
    if found and not _MAIL.intersection(found):
        raise ValueError("an extended key usage lacks emailProtection")


_ISSUER = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _issuer_basic)
    # Private authorities leave it out; where it stands it counts (RFC 5280 §6.1.4 (n)).
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _issuer_usage)
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _mail_purpose)
    .may_be_present(x509.PolicyConstraints, Criticality.AGNOSTIC, None)  # see policies
    .may_be_present(x509.InhibitAnyPolicy, Criticality.AGNOSTIC, None)
)
_LEAF = (
    ExtensionPolicy.permit_all()
    .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _mail_purpose)
    .may_be_present(x509.PolicyConstraints, Criticality.AGNOSTIC, None)
)


def _reason(
    certificate: x509.Certificate,
    known: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> Refused | None:
    """The rule that a refused *certificate*, or an issuer above it, breaks first; None if none is obvious."""
    try:
        current, seen, who = certificate, [certificate], "it"
        while True:
            if found := _time(current, who, at) or _use(current, who, leaf=current is certificate):
                return found
            if current in roots:
                constraints.check(seen, address.certified(certificate))
                return None
            named = [one for one in known if one.subject == current.issuer and one not in seen]
            issuer = next((one for one in named if _issued(one, current)), None)
            if issuer is None:
                return _no_issuer(current, named)
            seen.append(issuer)
            current, who = issuer, f"its issuer {name(issuer.subject)}"
    except Refused as refused:
        return refused
    except purpose.MALFORMED as error:
        return Refused(Rule.MALFORMED, f"it or an issuer is malformed: {error}")


def _time(certificate: x509.Certificate, who: str, at: datetime) -> Refused | None:
    if at > certificate.not_valid_after_utc:
        return Refused(Rule.EXPIRED, f"{who} expired {certificate.not_valid_after_utc:%Y-%m-%d}")
    if at < certificate.not_valid_before_utc:
        return Refused(
            Rule.NOT_YET_VALID, f"{who} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        )
    return None


def _use(certificate: x509.Certificate, who: str, *, leaf: bool) -> Refused | None:
    purposes = extension(certificate, x509.ExtendedKeyUsage)
    if purposes and not _MAIL.intersection(purposes):
        return Refused(Rule.PURPOSE, f"the extended key usage of {who} lacks emailProtection")
    if leaf:
        return None
    if not purpose.is_authority(certificate):
        return Refused(Rule.PATH, f"{who} is no authority")
    usage = extension(certificate, x509.KeyUsage)
    if usage and not usage.key_cert_sign:
        return Refused(Rule.KEY_USAGE, f"the key usage of {who} lacks keyCertSign")
    return None


def _no_issuer(certificate: x509.Certificate, named: Sequence[x509.Certificate]) -> Refused:
    issuer = name(certificate.issuer)
    if named:
        return Refused(Rule.PATH, f"the signature of its issuer {issuer} is not good")
    if certificate.issuer == certificate.subject:
        return Refused(Rule.PATH, f"the authority {issuer} is not trusted")
    return Refused(Rule.PATH, f"the certificate of its issuer {issuer} is not known")


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, *purpose.MALFORMED):
        return False
    return True


def name(subject: x509.Name) -> str:
    """A name as an administrator reads it."""
    return f"'{subject.rfc4514_string()}'"
