"""Conditions on the sender; see `location` for who that is."""

from postseal.policy import facet
from postseal.policy.address import domains_of, within
from postseal.policy.conditions.location import Senders, asks_of_sender
from postseal.policy.mail import Transaction
from postseal.policy.pattern import Pattern, seen
from postseal.policy.values import Addresses, Domains, Patterns, Scope, Words


def _is(_transaction: Transaction, address: str, addresses: frozenset[str]) -> bool:
    return address in addresses


def _lies(_transaction: Transaction, address: str, domains: frozenset[str]) -> bool:
    return within(address, domains)


def _finds(_transaction: Transaction, address: str, looked_for: Pattern) -> bool:
    return bool(address) and looked_for.found(seen(address))


def _addresses(meant: Senders) -> facet.Keys:
    return facet.Keys(lambda transaction: meant(transaction).every)


def _domains(meant: Senders) -> facet.Keys:
    return facet.Keys(lambda transaction: {d for each in meant(transaction).every for d in domains_of(each)})


def _texts(meant: Senders) -> facet.Texts:
    return facet.Texts(lambda transaction: map(seen, meant(transaction).every))


@asks_of_sender(_is, _addresses)
def sender(transaction: Transaction, addresses: Addresses) -> bool:
    """The sender is one of these addresses."""
    return _is(transaction, transaction.sender, addresses)


@asks_of_sender(_lies, _domains)
def sender_domain(transaction: Transaction, domains: Domains) -> bool:
    """The sender's domain is one of these or a subdomain of one."""
    return _lies(transaction, transaction.sender, domains)


@asks_of_sender(_finds, _texts)
def sender_words(transaction: Transaction, looked_for: Words) -> bool:
    """The sender's address contains one of these words."""
    return _finds(transaction, transaction.sender, looked_for)


@asks_of_sender(_finds, _texts)
def sender_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The sender's address matches one of these patterns; the null sender of bounces matches none."""
    return _finds(transaction, transaction.sender, looked_for)


def sender_scope(transaction: Transaction, scope: Scope) -> bool:
    """Where the envelope sender is.

    Inside: the domain is one of `accepted_domains`, and the client has logged in or its address lies in
    `trusted_networks`; so a forged sender is outside.  The null sender of bounces is outside.
    """
    return transaction.from_inside is (scope is Scope.INSIDE)
