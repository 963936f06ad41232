"""Actions on who gets the mail.

Whoever is added is judged by all rules as if the sender had named him, and the rule that added him
applies to him too, so what it asks for is asked for his copy.  He adds nobody himself and is not
redirected, so nothing can go round in circles.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from postseal import scalar
from postseal.document import Node, Problems, Sequence, bad
from postseal.envelope import domain_key, split
from postseal.errors import Cause, Failure
from postseal.notice import MANAGER
from postseal.policy.action_values import Yes
from postseal.policy.mail import Transaction
from postseal.policy.values import address, some
from postseal.treatment import AddAddress, Addition, Treatment


def receivers(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Addresses of people who get the mail."""
    problems = Problems()
    found = []
    for value in some(node):
        with problems.collect():
            local, domain = split(address(value))
            if not local.isascii() or not domain:
                what = f"mail cannot be sent to '{scalar.text(value)}'"
                raise bad(value.place, what, "write an address with ASCII letters before the @")
            found.append(f"{local}@{domain_key(domain)}")
    problems.settle()
    return tuple(found)


def people(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Addresses of people who get it; `manager` is the sender's manager."""
    values = some(node)
    named = tuple(value for value in values if value.text != MANAGER)
    addresses = receivers(Sequence(named, node.place)) if named else ()
    return addresses + (MANAGER,) * (len(named) < len(values))


Receivers = Annotated[tuple[str, ...], people]


def add_to(treatment: Treatment, addresses: Receivers) -> Treatment:
    """Send the message to these addresses too, and name them in To."""
    return _added(_named(treatment, "To", addresses), addresses)


def add_cc(treatment: Treatment, addresses: Receivers) -> Treatment:
    """Send the message to these addresses too, and name them in Cc."""
    return _added(_named(treatment, "Cc", addresses), addresses)


def add_bcc(treatment: Treatment, addresses: Receivers) -> Treatment:
    """Send the message to these addresses too; the others do not see it.

    Whoever is added is judged by all rules as any recipient is, and this rule applies to him too.
    """
    return _added(treatment, addresses)


def redirect(treatment: Treatment, addresses: Receivers) -> Treatment:
    """Send the message to these addresses in place of the recipient, who does not get it.

    They are judged by all rules as any recipient is, and this rule applies to them too.  If `manager` is
    nobody, and nobody else is named, the recipient keeps his mail.
    """
    return replace(treatment, redirected=treatment.redirected + _additions(treatment, addresses))


def delete(treatment: Treatment, _yes: Yes) -> Treatment:
    """Keep the message from the recipient, and tell nobody but the log; no later rule is looked at."""
    return replace(treatment, deleted=True)


ACTIONS: tuple[Callable[..., Treatment], ...] = (add_to, add_cc, add_bcc, redirect, delete)
"""The actions of this room."""


def asks_for_manager(treatment: Treatment) -> bool:
    """Whether *treatment* adds the sender's manager, whoever that is."""
    return any(each.address == MANAGER for each in (*treatment.added, *treatment.redirected))


def managed(treatment: Treatment, transaction: Transaction) -> Treatment:
    """*treatment* with the sender's manager by his address, or without him.  Raises Failure(DIRECTORY)."""
    if not asks_for_manager(treatment):
        return treatment
    manager = transaction.person(transaction.sender).manager
    if not manager.isascii():
        raise Failure(Cause.DIRECTORY, "mail cannot be sent to the address of the sender's manager")

    def named(several: tuple[Addition, ...]) -> tuple[Addition, ...]:
        return tuple(
            replace(each, address=manager) if each.address == MANAGER else each
            for each in several
            if each.address != MANAGER or manager
        )

    headers = (
        AddAddress(each.name, manager) if isinstance(each, AddAddress) and each.address == MANAGER else each
        for each in treatment.headers
    )
    return replace(
        treatment,
        added=named(treatment.added),
        redirected=named(treatment.redirected),
        headers=tuple(each for each in headers if not isinstance(each, AddAddress) or each.address),
    )


def _named(treatment: Treatment, name: str, addresses: tuple[str, ...]) -> Treatment:
    edits = tuple(AddAddress(name, address) for address in addresses)
    return replace(treatment, headers=treatment.headers + edits)


def _added(treatment: Treatment, addresses: tuple[str, ...]) -> Treatment:
    return replace(treatment, added=treatment.added + _additions(treatment, addresses))


def _additions(treatment: Treatment, addresses: tuple[str, ...]) -> tuple[Addition, ...]:
    rule = treatment.rules[-1] if treatment.rules else ""
    return tuple(Addition(address, rule) for address in addresses)
