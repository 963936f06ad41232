"""Conditions on the sender.

Which sender that is, the rule says with `sender_address`: that of the envelope, the authors in the From
field, or either.  `LOCATED` has each condition for the other two.
"""

from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from functools import partial

from postseal.policy import facet
from postseal.policy.address import Written, domains_of, within
from postseal.policy.mail import Transaction
from postseal.policy.pattern import Pattern, seen
from postseal.policy.values import Addresses, Domains, Patterns, Scope, Words


class Location(StrEnum):
    """Where the sender's address is looked for."""

    ENVELOPE = "envelope"
    HEADER = "header"
    EITHER = "either"


_LOOKED_AT: dict[Location, Callable[[Transaction], Written]] = {
    Location.ENVELOPE: lambda transaction: Written((transaction.sender,)),
    Location.HEADER: lambda transaction: transaction.authors,
    Location.EITHER: lambda transaction: Written(
        (transaction.sender, *transaction.authors.sure), transaction.authors.doubtful
    ),
}


def _is(location: Location, transaction: Transaction, addresses: frozenset[str]) -> bool:
    return _LOOKED_AT[location](transaction).any(addresses.__contains__)


def _lies(location: Location, transaction: Transaction, domains: frozenset[str]) -> bool:
    return _LOOKED_AT[location](transaction).any(lambda address: within(address, domains))


def _finds(location: Location, transaction: Transaction, looked_for: Pattern) -> bool:
    return _LOOKED_AT[location](transaction).any(
        lambda address: bool(address) and looked_for.found(seen(address))
    )


def _addresses(location: Location, transaction: Transaction) -> Collection[str]:
    return _LOOKED_AT[location](transaction).every


def _domains(location: Location, transaction: Transaction) -> Collection[str]:
    return {domain for address in _addresses(location, transaction) for domain in domains_of(address)}


def _texts(location: Location, transaction: Transaction) -> Iterable[bytes]:
    return map(seen, _addresses(location, transaction))


_FACETS: dict[Callable[..., bool], Callable[[Location], facet.Facet]] = {
    _is: lambda location: facet.Keys(partial(_addresses, location)),
    _lies: lambda location: facet.Keys(partial(_domains, location)),
    _finds: lambda location: facet.Texts(partial(_texts, location)),
}


@facet.asks(_FACETS[_is](Location.ENVELOPE))
def sender(transaction: Transaction, addresses: Addresses) -> bool:
    """The sender is one of these addresses."""
    return _is(Location.ENVELOPE, transaction, addresses)


@facet.asks(_FACETS[_lies](Location.ENVELOPE))
def sender_domain(transaction: Transaction, domains: Domains) -> bool:
    """The sender's domain is one of these or a subdomain of one."""
    return _lies(Location.ENVELOPE, transaction, domains)


@facet.asks(_FACETS[_finds](Location.ENVELOPE))
def sender_words(transaction: Transaction, looked_for: Words) -> bool:
    """The sender's address contains one of these words."""
    return _finds(Location.ENVELOPE, transaction, looked_for)


@facet.asks(_FACETS[_finds](Location.ENVELOPE))
def sender_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The sender's address matches one of these patterns; the null sender of bounces matches none."""
    return _finds(Location.ENVELOPE, transaction, looked_for)


def sender_scope(transaction: Transaction, scope: Scope) -> bool:
    """Where the envelope sender is.

    Inside: the domain is one of `accepted_domains`, and the client has logged in or its address lies in
    `trusted_networks`; so a forged sender is outside.  The null sender of bounces is outside.
    """
    return transaction.from_inside is (scope is Scope.INSIDE)


def _located() -> dict[tuple[Callable[..., bool], Location], Callable[..., bool]]:
    found: dict[tuple[Callable[..., bool], Location], Callable[..., bool]] = {}
    for condition, general in (
        (sender, _is),
        (sender_domain, _lies),
        (sender_words, _finds),
        (sender_matches, _finds),
    ):
        for location in (Location.HEADER, Location.EITHER):
            located = partial(general, location)
            found[condition, location] = facet.asks(_FACETS[general](location))(located)
    return found


LOCATED = _located()
"""The conditions above where the sender is looked for elsewhere than in the envelope."""
