"""Conditions on the sender."""

from postseal.envelope import key
from postseal.policy import facet
from postseal.policy.address import domains_of, within
from postseal.policy.mail import Transaction
from postseal.policy.values import Addresses, Domains, Scope


def _address(transaction: Transaction) -> tuple[str, ...]:
    return (key(transaction.envelope.sender),)


def _domains(transaction: Transaction) -> tuple[str, ...]:
    return domains_of(transaction.envelope.sender)


@facet.asks(facet.Keys(_address))
def sender(transaction: Transaction, addresses: Addresses) -> bool:
    """The envelope sender is one of these addresses."""
    return key(transaction.envelope.sender) in addresses


@facet.asks(facet.Keys(_domains))
def sender_domain(transaction: Transaction, domains: Domains) -> bool:
    """The envelope sender's domain is one of these or a subdomain of one."""
    return within(transaction.envelope.sender, domains)


def sender_scope(transaction: Transaction, scope: Scope) -> bool:
    """Where the envelope sender is.

    Inside: the domain is one of `accepted_domains`, and the client has logged in or its address lies in
    `trusted_networks`; so a forged sender is outside.  The null sender of bounces is outside.
    """
    return transaction.from_inside is (scope is Scope.INSIDE)
