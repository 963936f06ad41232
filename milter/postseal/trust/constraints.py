"""Name constraints on addresses, which cryptography applies to rfc822Name only."""

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from postseal.envelope import domain_key, key, split
from postseal.trust.verdict import Refused, Rule


def check(path: Sequence[x509.Certificate], addresses: Iterable[str]) -> None:
    """Raise Refused if an issuer in *path* may not name one of *addresses*.

    The rfc822Name constraints of every issuer, on all kinds of addresses (RFC 9598 §6): the verifier
    of the path applies them to rfc822Name only.
    """
    named = tuple(addresses)
    for issuer in path[1:]:
        try:
            found = issuer.extensions.get_extension_for_oid(ExtensionOID.NAME_CONSTRAINTS).value
        except x509.ExtensionNotFound:
            continue
        assert isinstance(found, x509.NameConstraints)  # noqa: S101 (the type of this extension)
        permitted, excluded = _mail(found.permitted_subtrees), _mail(found.excluded_subtrees)
        for address in named:
            if any(_within(address, subtree) for subtree in excluded):
                raise Refused(Rule.CONSTRAINT, f"an issuer's name constraints exclude {address}")
            if permitted and not any(_within(address, subtree) for subtree in permitted):
                raise Refused(Rule.CONSTRAINT, f"an issuer's name constraints do not permit {address}")


def _mail(subtrees: Iterable[x509.GeneralName] | None) -> list[str]:
    return [name.value for name in subtrees or () if isinstance(name, x509.RFC822Name)]


def _within(address: str, subtree: str) -> bool:
    """Whether *address* lies in *subtree*: a mailbox, a host, or all below a domain (RFC 5280 §4.2.1.10)."""
    if "@" in subtree:
        return key(address) == key(subtree)
    domain = domain_key(split(address)[1])
    if subtree.startswith("."):
        return domain.endswith(f".{domain_key(subtree[1:])}")
    return domain == domain_key(subtree)
