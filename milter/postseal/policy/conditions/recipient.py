"""Conditions on one recipient: they act on the recipients for whom they hold."""

from collections.abc import Callable, Iterable

from postseal.envelope import Recipient, destinations, key
from postseal.errors import Cause, Failure
from postseal.policy import facet
from postseal.policy.address import domains_of, within
from postseal.policy.mail import Mail, meant
from postseal.policy.pattern import seen
from postseal.policy.values import Addresses, Domains, Patterns, Scope, Words


def whatever_is_meant(recipient: Recipient, asked: Callable[[str], bool]) -> bool:
    """The answer for the address of *recipient*, if it is the same for each that the MTA may take it for."""
    answers = {asked(address) for address in destinations(recipient.address)}
    if len(answers) > 1:
        detail = f"the MTA may send the mail for <{recipient.address}> elsewhere"
        raise Failure(Cause.UNINSPECTABLE, detail)
    return answers.pop()


def all_domains_of(recipient: Recipient) -> list[str]:
    """Their domains, and all that these are subdomains of."""
    return [domain for address in destinations(recipient.address) for domain in domains_of(address)]


def _texts(mail: Mail) -> Iterable[bytes]:
    return map(seen, meant(mail.recipient))


@facet.asks(facet.Keys(lambda mail: meant(mail.recipient)))
def recipient(mail: Mail, addresses: Addresses) -> bool:
    """The recipient is one of these addresses."""
    return whatever_is_meant(mail.recipient, lambda address: key(address) in addresses)


@facet.asks(facet.Keys(lambda mail: all_domains_of(mail.recipient)))
def recipient_domain(mail: Mail, domains: Domains) -> bool:
    """The recipient's domain is one of these or a subdomain of one."""
    return whatever_is_meant(mail.recipient, lambda address: within(address, domains))


@facet.asks(facet.Texts(_texts))
def recipient_words(mail: Mail, looked_for: Words) -> bool:
    """The recipient's address contains one of these words."""
    return whatever_is_meant(mail.recipient, lambda address: looked_for.found(seen(key(address))))


@facet.asks(facet.Texts(_texts))
def recipient_matches(mail: Mail, looked_for: Patterns) -> bool:
    """The recipient's address matches one of these patterns."""
    return whatever_is_meant(mail.recipient, lambda address: looked_for.found(seen(key(address))))


def recipient_scope(mail: Mail, scope: Scope) -> bool:
    """Where the recipient is; inside means that the domain is one of `accepted_domains`."""
    return whatever_is_meant(mail.recipient, mail.transaction.site.accepts) is (scope is Scope.INSIDE)
