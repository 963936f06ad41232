"""Recipients whom rules add: each is judged by all rules, once, and adds nobody himself."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from postseal.envelope import Recipient, key
from postseal.policy.mail import Mail, Transaction
from postseal.treatment import Treatment


def additions(transaction: Transaction, treatments: Iterable[Treatment]) -> Iterator[Mail]:
    """The mail for everybody whom *treatments* add; one who is a recipient already stays the same one."""
    rules: dict[str, set[str]] = {}
    addresses: dict[str, str] = {}
    for treatment in treatments:
        if treatment.refusal is None and not treatment.deleted:
            for addition in (*treatment.added, *treatment.redirected):
                addresses.setdefault(key(addition.address), addition.address)
                rules.setdefault(key(addition.address), set()).add(addition.rule)
    named: dict[str, list[Recipient]] = {}
    for recipient in transaction.envelope.recipients if rules else ():
        named.setdefault(key(recipient.address), []).append(recipient)
    for each, address in addresses.items():
        for recipient in named.get(each, [Recipient(address)]):
            yield Mail(transaction, recipient, frozenset(rules[each]))


def settled(treatment: Treatment) -> Treatment:
    """*treatment* of somebody who was added: he gets the mail himself, and adds nobody."""
    return replace(treatment, added=(), redirected=())
