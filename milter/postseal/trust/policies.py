"""Certificate policies along a path (RFC 5280 §6.1), for any policy: who demands one must find one.

Nobody here asks for a policy; an issuer may, with requireExplicitPolicy.  Then there must be one
policy that all certificates below the anchor share.  Mappings between policies are not followed: a
path that needs one is refused.
"""

from collections.abc import Sequence
from typing import TypeVar

from cryptography import x509

from postseal.trust.verdict import Refused, Rule

T = TypeVar("T", bound=x509.ExtensionType)

_ANY = x509.ObjectIdentifier("2.5.29.32.0")


def check(path: Sequence[x509.Certificate]) -> None:
    """Raise Refused if the certificates of *path*, the leaf first, lack a policy that one of them demands."""
    below = [*reversed(path[:-1])]
    explicit = inhibit_any = len(below) + 1
    shared = frozenset({_ANY})
    for depth, certificate in enumerate(below, 1):
        leaf = depth == len(below)
        self_issued = certificate.issuer == certificate.subject
        shared = _shared(shared, certificate, any_counts=inhibit_any > 0 or (self_issued and not leaf))
        if not explicit and not shared:
            break
        if leaf or not self_issued:
            explicit, inhibit_any = max(0, explicit - 1), max(0, inhibit_any - 1)
        constraints = extension(certificate, x509.PolicyConstraints)
        demanded = constraints.require_explicit_policy if constraints else None
        # In a leaf only 0 says anything (RFC 5280 §6.1.5 (b)).
        if demanded is not None and (not leaf or demanded == 0):
            explicit = min(explicit, demanded)
        if inhibited := extension(certificate, x509.InhibitAnyPolicy):
            inhibit_any = min(inhibit_any, inhibited.skip_certs)
    if not explicit and not shared:
        raise Refused(Rule.POLICY, "an issuer demands a certificate policy, and the path shares none")


def extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    """The extension of that *kind*; None if there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _shared(
    above: frozenset[x509.ObjectIdentifier], certificate: x509.Certificate, *, any_counts: bool
) -> frozenset[x509.ObjectIdentifier]:
    """What is left of the policies shared *above*, `_ANY` among them where every policy is."""
    found = extension(certificate, x509.CertificatePolicies)
    named = frozenset(policy.policy_identifier for policy in found or ())
    left = named - {_ANY} if _ANY in above else named & above
    return left | above if _ANY in named and any_counts else left
