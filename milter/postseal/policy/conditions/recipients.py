"""Conditions on all recipients together: where they hold, they hold for every recipient."""

from collections.abc import Callable, Iterable, Iterator

from postseal.envelope import Recipient, key
from postseal.errors import Failure
from postseal.policy import facet
from postseal.policy.address import within, written
from postseal.policy.conditions.recipient import all_domains_of, whatever_is_meant
from postseal.policy.mail import Transaction, meant
from postseal.policy.pattern import seen
from postseal.policy.values import Addresses, Count, Domains, Patterns, Scope, Words


def _everybody(of: Callable[[Recipient], Iterable[str]]) -> Callable[[Transaction], set[str]]:
    return lambda transaction: {
        each for recipient in transaction.envelope.recipients for each in of(recipient)
    }


def _texts(transaction: Transaction) -> Iterator[bytes]:
    return map(seen, _everybody(meant)(transaction))


def _any(transaction: Transaction, asked: Callable[[str], bool]) -> bool:
    """Whether it is so for one recipient; if for none, the first failure to tell."""
    failed: Failure | None = None
    for recipient in transaction.envelope.recipients:
        try:
            if whatever_is_meant(recipient, asked):
                return True
        except Failure as failure:
            failed = failed or failure
    if failed:
        raise failed
    return False


@facet.asks(facet.Keys(_everybody(meant)))
def any_recipient(transaction: Transaction, addresses: Addresses) -> bool:
    """One of the recipients, at least, is one of these addresses; the rule then acts on all of them."""
    return _any(transaction, lambda address: key(address) in addresses)


@facet.asks(facet.Keys(_everybody(all_domains_of)))
def any_recipient_domain(transaction: Transaction, domains: Domains) -> bool:
    """The domain of one of the recipients, at least, is one of these or a subdomain of one."""
    return _any(transaction, lambda address: within(address, domains))


@facet.asks(facet.Texts(_texts))
def any_recipient_words(transaction: Transaction, looked_for: Words) -> bool:
    """The address of one of the recipients, at least, contains one of these words."""
    return _any(transaction, lambda address: looked_for.found(seen(key(address))))


@facet.asks(facet.Texts(_texts))
def any_recipient_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The address of one of the recipients, at least, matches one of these patterns."""
    return _any(transaction, lambda address: looked_for.found(seen(key(address))))


def any_recipient_scope(transaction: Transaction, scope: Scope) -> bool:
    """Where one of the recipients, at least, is; the rule then acts on all of them."""
    return _any(transaction, lambda address: transaction.site.accepts(address) is (scope is Scope.INSIDE))


def recipients_at_least(transaction: Transaction, number: Count) -> bool:
    """The message has at least this many recipients in its envelope."""
    return len(transaction.envelope.recipients) >= number


def _header(*names: str) -> facet.Keys:
    return facet.Keys(lambda transaction: written(transaction.raw(*names)).every)


@facet.asks(_header("to"))
def to_header(transaction: Transaction, addresses: Addresses) -> bool:
    """One of these addresses stands in the To field."""
    return written(transaction.raw("to")).any(addresses.__contains__)


@facet.asks(_header("cc"))
def cc_header(transaction: Transaction, addresses: Addresses) -> bool:
    """One of these addresses stands in the Cc field."""
    return written(transaction.raw("cc")).any(addresses.__contains__)


@facet.asks(_header("to", "cc"))
def to_or_cc_header(transaction: Transaction, addresses: Addresses) -> bool:
    """One of these addresses stands in the To or the Cc field."""
    return written(transaction.raw("to", "cc")).any(addresses.__contains__)
