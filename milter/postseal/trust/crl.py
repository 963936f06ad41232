"""What a revocation list says about a certificate (RFC 5280 §6.3), deltas included.

A list that cannot be judged, for it is stale, badly signed, indirect or has an unknown critical
extension, says nothing: it never makes a certificate good.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from postseal.certificates.purpose import MALFORMED
from postseal.trust.policies import extension

T = TypeVar("T", bound=x509.ExtensionType)

_UNDERSTOOD = {
    ExtensionOID.ISSUING_DISTRIBUTION_POINT,
    ExtensionOID.DELTA_CRL_INDICATOR,
    ExtensionOID.CRL_NUMBER,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.FRESHEST_CRL,
}
_ALL_REASONS = frozenset(x509.ReasonFlags) - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}


@dataclass(frozen=True, slots=True, eq=False)
class Crl:
    """A revocation list, read once: what is asked of it for every certificate."""

    signed: x509.CertificateRevocationList = field(repr=False)
    issuer: x509.Name
    not_before: datetime
    not_after: datetime
    revoked: dict[int, x509.ReasonFlags | None] = field(repr=False)
    scope: x509.IssuingDistributionPoint | None
    number: int
    base: int | None  # of a delta, the number of the list that it completes
    unusable: str  # why it says nothing, "" if it does

    def stale(self, at: datetime) -> str:
        """Why it says nothing about the time *at*, "" if it does."""
        if at < self.not_before:
            return f"it is not valid before {self.not_before:%Y-%m-%d %H:%M}"
        return f"it ended {self.not_after:%Y-%m-%d %H:%M}" if at > self.not_after else ""


@lru_cache(maxsize=256)
def load(octets: bytes) -> Crl:
    """The list in *octets*, DER or PEM.  Raises ValueError."""
    try:
        pem = octets.lstrip().startswith(b"-----BEGIN")
        signed = x509.load_pem_x509_crl(octets) if pem else x509.load_der_x509_crl(octets)
        return _load(signed)
    except MALFORMED as error:
        raise ValueError(f"the revocation list is malformed: {error}") from None


def _load(signed: x509.CertificateRevocationList) -> Crl:
    end = signed.next_update_utc
    scope = _of(signed, x509.IssuingDistributionPoint)
    number, delta = _of(signed, x509.CRLNumber), _of(signed, x509.DeltaCRLIndicator)
    strange = [
        one.oid.dotted_string for one in signed.extensions if one.critical and one.oid not in _UNDERSTOOD
    ]
    unusable = f"it has an unknown critical extension {strange[0]}" if strange else ""
    if scope and (scope.indirect_crl or scope.only_contains_attribute_certs):
        unusable = "it is an indirect list, or one of attribute certificates"
    if end is None:  # RFC 5280 §5.1.2.5 demands it
        unusable = "it does not say when the next one comes"
    return Crl(
        signed,
        signed.issuer,
        signed.last_update_utc,
        end or signed.last_update_utc,
        {entry.serial_number: _reason(entry) for entry in signed},
        scope,
        number.crl_number if number else 0,
        delta.crl_number if delta else None,
        unusable,
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What lists say: *revoked*: the reason, "" if not; *good*: not revoked for any reason."""

    good: bool = False
    revoked: str = ""
    why: str = "no revocation list is known"


Signed = Callable[[Crl], bool]
"""Whether a list was signed by somebody who may."""


def status(certificate: x509.Certificate, lists: Collection[Crl], at: datetime, *, signed: Signed) -> Said:
    """What *lists* say about *certificate* at the time *at*.  Raises one of MALFORMED."""
    covered: frozenset[x509.ReasonFlags] = frozenset()
    why = "no revocation list is known"
    for crl in lists:
        if crl.base is not None or crl.issuer != certificate.issuer:
            continue
        if obstacle := crl.unusable or crl.stale(at) or _beside(certificate, crl):
            why = f"a revocation list says nothing: {obstacle}"
        elif not signed(crl):
            why = "a revocation list says nothing: nobody who may has signed it"
        else:
            reason = _listed(certificate, crl, _deltas(crl, lists, at, signed=signed))
            if reason is not None:
                return Said(revoked=reason)
            only = crl.scope.only_some_reasons if crl.scope else None
            covered |= only or _ALL_REASONS
            why = "the revocation lists cover only some reasons"
    return Said(good=True) if covered >= _ALL_REASONS else Said(why=why)


def addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    """The URLs of lists that *certificate* names, deltas included, and only those that we fetch."""
    points = extension(certificate, x509.CRLDistributionPoints) or ()
    freshest = extension(certificate, x509.FreshestCRL) or ()
    return _urls([*points, *freshest])


def deltas(crl: Crl) -> tuple[str, ...]:
    """The URLs of deltas that *crl* names."""
    return _urls(_of(crl.signed, x509.FreshestCRL) or ())


def _urls(points: Iterable[x509.DistributionPoint]) -> tuple[str, ...]:
    names = [name for point in points if not point.crl_issuer for name in point.full_name or ()]
    urls = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return tuple(dict.fromkeys(url for url in urls if url.lower().startswith(("http://", "https://"))))


def _deltas(crl: Crl, lists: Iterable[Crl], at: datetime, *, signed: Signed) -> list[Crl]:
    """The deltas to *crl*, the newest last."""
    found = [
        one
        for one in lists
        if one.base is not None and one.issuer == crl.issuer and one.scope == crl.scope
        and one.base <= crl.number <= one.number and not (one.unusable or one.stale(at)) and signed(one)
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.number)


def _listed(certificate: x509.Certificate, crl: Crl, newer: Iterable[Crl]) -> str | None:
    """Why it is revoked; None if it is not."""
    serial, reason = certificate.serial_number, None
    for one in (crl, *newer):
        if serial in one.revoked:
            flag = one.revoked[serial]
            removed = flag is x509.ReasonFlags.remove_from_crl
            reason = None if removed else flag.value if flag else x509.ReasonFlags.unspecified.value
    return reason


def _beside(certificate: x509.Certificate, crl: Crl) -> str:
    """Why *crl* is not about *certificate*, "" if it is (RFC 5280 §6.3.3 (b))."""
    scope = crl.scope
    if scope is None:
        return ""
    basic = extension(certificate, x509.BasicConstraints)
    authority = bool(basic and basic.ca)
    if scope.only_contains_user_certs and authority:
        return "it is for people only"
    if scope.only_contains_ca_certs and not authority:
        return "it is for authorities only"
    names = _names(scope.full_name, scope.relative_name, crl.issuer)
    if not names:
        return ""
    points = extension(certificate, x509.CRLDistributionPoints)
    if points is None:
        mine: set[x509.GeneralName] = {x509.DirectoryName(certificate.issuer)}
    else:
        mine = {
            name
            for point in points
            if not point.crl_issuer
            for name in _names(point.full_name, point.relative_name, certificate.issuer)
        }
    return "" if names & mine else "it is of another distribution point"


def _names(
    full: Iterable[x509.GeneralName] | None,
    relative: x509.RelativeDistinguishedName | None,
    issuer: x509.Name,
) -> set[x509.GeneralName]:
    if relative is not None:
        return {x509.DirectoryName(x509.Name([*issuer.rdns, relative]))}
    return set(full or ())


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _of(signed: x509.CertificateRevocationList, kind: type[T]) -> T | None:
    try:
        return signed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
