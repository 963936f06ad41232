"""Conditions on one recipient: they act on the recipients for whom they hold."""

from collections.abc import Callable

from postseal.envelope import destinations, key
from postseal.errors import Cause, Failure
from postseal.policy import facet
from postseal.policy.address import domains_of, within
from postseal.policy.mail import Mail
from postseal.policy.values import Addresses, Domains, Scope


def _addresses(mail: Mail) -> list[str]:
    return [key(address) for address in destinations(mail.recipient.address)]


def _domains(mail: Mail) -> list[str]:
    return [domain for address in destinations(mail.recipient.address) for domain in domains_of(address)]


@facet.asks(facet.Keys(_addresses))
def recipient(mail: Mail, addresses: Addresses) -> bool:
    """The recipient is one of these addresses."""
    return _whatever_is_meant(mail, lambda address: key(address) in addresses)


@facet.asks(facet.Keys(_domains))
def recipient_domain(mail: Mail, domains: Domains) -> bool:
    """The recipient's domain is one of these or a subdomain of one."""
    return _whatever_is_meant(mail, lambda address: within(address, domains))


def recipient_scope(mail: Mail, scope: Scope) -> bool:
    """Where the recipient is; inside means that the domain is one of `accepted_domains`."""
    return _whatever_is_meant(mail, mail.transaction.site.accepts) is (scope is Scope.INSIDE)


def _whatever_is_meant(mail: Mail, asked: Callable[[str], bool]) -> bool:
    """The answer for the recipient's address, if it is the same for each that the MTA may take it for."""
    answers = {asked(address) for address in destinations(mail.recipient.address)}
    if len(answers) > 1:
        detail = f"the MTA may send the mail for <{mail.recipient.address}> elsewhere"
        raise Failure(Cause.UNINSPECTABLE, detail)
    return answers.pop()
