"""Conditions on who people are, as the directory of the settings knows them.

Of somebody whom it does not know, it knows no group, attribute or manager.  A directory that does not
answer makes mail that cannot be judged (Failure(DIRECTORY)), never mail that is judged without it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from postseal.binding import Reader
from postseal.document import Node
from postseal.envelope import destinations, key
from postseal.people.person import Person
from postseal.policy import facet
from postseal.policy.address import written
from postseal.policy.condition_values import Name, Names, choices, names
from postseal.policy.conditions.recipient import whatever_is_meant
from postseal.policy.mail import Mail, Transaction
from postseal.policy.pattern import Pattern, seen
from postseal.policy.values import Addresses, Patterns, Words


class Management(StrEnum):
    """What the sender is to the recipient."""

    MANAGER = "manager"
    DIRECT_REPORT = "direct_report"


@dataclass(frozen=True, slots=True)
class Sides:
    """Two lists of groups: `{one: [sales], other: [research]}`."""

    one: Annotated[frozenset[str], names]
    other: Annotated[frozenset[str], names]


def sides(node: Node, reader: Reader) -> Sides:
    """Two lists of groups: `{one: [sales], other: [research]}`."""
    return reader.bind(node, Sides)


def _sender(transaction: Transaction) -> Person:
    return transaction.person(transaction.sender)


def _senders_groups(transaction: Transaction) -> frozenset[str]:
    return _sender(transaction).groups


def _recipients_groups(mail: Mail) -> set[str]:
    addresses = destinations(mail.recipient.address)
    return {group for each in addresses for group in mail.transaction.person(key(each)).groups}


@facet.asks(facet.Keys(_senders_groups))
def sender_group(transaction: Transaction, groups: Names) -> bool:
    """The envelope sender is a member of one of these groups."""
    return not groups.isdisjoint(_senders_groups(transaction))


@facet.asks(facet.Keys(_recipients_groups))
def recipient_group(mail: Mail, groups: Names) -> bool:
    """The recipient is a member of one of these groups."""
    return whatever_is_meant(
        mail.recipient, lambda address: not groups.isdisjoint(mail.transaction.person(key(address)).groups)
    )


def to_or_cc_header_group(transaction: Transaction, groups: Names) -> bool:
    """Somebody in the To or the Cc field is a member of one of these groups."""
    return written(transaction.raw("to", "cc")).any(
        lambda address: not groups.isdisjoint(transaction.person(address).groups)
    )


def between_groups(mail: Mail, groups: Annotated[Sides, sides]) -> bool:
    """The sender is a member of a group on one side, and the recipient of one on the other."""
    own = _senders_groups(mail.transaction)

    def crosses(address: str) -> bool:
        others = mail.transaction.person(key(address)).groups
        return (bool(groups.one & own) and bool(groups.other & others)) or (
            bool(groups.other & own) and bool(groups.one & others)
        )

    return whatever_is_meant(mail.recipient, crosses)


def sender_attribute_words(transaction: Transaction, looked_for: dict[Name, Words]) -> bool:
    """An attribute of the sender contains one of these words or phrases."""
    return _in_attributes(_sender(transaction), looked_for)


def sender_attribute_matches(transaction: Transaction, looked_for: dict[Name, Patterns]) -> bool:
    """An attribute of the sender matches one of these patterns."""
    return _in_attributes(_sender(transaction), looked_for)


def recipient_attribute_words(mail: Mail, looked_for: dict[Name, Words]) -> bool:
    """An attribute of the recipient contains one of these words or phrases."""
    return _of_recipient(mail, looked_for)


def recipient_attribute_matches(mail: Mail, looked_for: dict[Name, Patterns]) -> bool:
    """An attribute of the recipient matches one of these patterns."""
    return _of_recipient(mail, looked_for)


def same_attribute(mail: Mail, attribute: Name) -> bool:
    """The sender and the recipient have a value of this attribute in common, such as their department."""
    own = _folded(_sender(mail.transaction), attribute)
    return whatever_is_meant(
        mail.recipient,
        lambda address: not own.isdisjoint(_folded(mail.transaction.person(key(address)), attribute)),
    )


def sender_manager(transaction: Transaction, addresses: Addresses) -> bool:
    """The sender's manager is one of these."""
    return _sender(transaction).manager in addresses


def recipient_manager(mail: Mail, addresses: Addresses) -> bool:
    """The recipient's manager is one of these."""
    return whatever_is_meant(
        mail.recipient, lambda address: mail.transaction.person(key(address)).manager in addresses
    )


def sender_is(mail: Mail, relations: Annotated[frozenset[Management], choices(Management)]) -> bool:
    """The sender is the recipient's manager, or reports to the recipient."""
    sender = mail.transaction.sender

    def related(address: str) -> bool:
        return (
            Management.MANAGER in relations and sender == mail.transaction.person(key(address)).manager != ""
        ) or (Management.DIRECT_REPORT in relations and key(address) == _sender(mail.transaction).manager)

    return whatever_is_meant(mail.recipient, related)


CONDITIONS = (
    sender_group,
    sender_attribute_words,
    sender_attribute_matches,
    sender_manager,
    recipient_group,
    recipient_attribute_words,
    recipient_attribute_matches,
    recipient_manager,
    between_groups,
    same_attribute,
    sender_is,
    to_or_cc_header_group,
)
"""Those that need a directory."""


def _of_recipient(mail: Mail, looked_for: dict[str, Pattern]) -> bool:
    return whatever_is_meant(
        mail.recipient, lambda address: _in_attributes(mail.transaction.person(key(address)), looked_for)
    )


def _in_attributes(person: Person, looked_for: dict[str, Pattern]) -> bool:
    return any(
        pattern.found(seen(value))
        for name, pattern in looked_for.items()
        for value in person.attributes.get(name, ())
    )


def _folded(person: Person, attribute: str) -> set[str]:
    return {value.casefold() for value in person.attributes.get(attribute, ())}
