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
from postseal.policy import facet
from postseal.policy.address import written
from postseal.policy.condition_values import Name, Names, choices, names
from postseal.policy.conditions.location import Senders, asks_of_sender
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


def _groups_of_senders(meant: Senders) -> facet.Keys:
    return facet.Keys(
        lambda transaction: {
            group for each in meant(transaction).every for group in transaction.person(each).groups
        }
    )


def _groups_of_recipient(mail: Mail) -> set[str]:
    addresses = destinations(mail.recipient.address)
    return {group for each in addresses for group in mail.transaction.person(key(each)).groups}


def _in_group(transaction: Transaction, address: str, groups: frozenset[str]) -> bool:
    return not groups.isdisjoint(transaction.person(address).groups)


@asks_of_sender(_in_group, _groups_of_senders)
def sender_group(transaction: Transaction, groups: Names) -> bool:
    """The sender is a member of one of these groups."""
    return _in_group(transaction, transaction.sender, groups)


@facet.asks(facet.Keys(_groups_of_recipient))
def recipient_group(mail: Mail, groups: Names) -> bool:
    """The recipient is a member of one of these groups."""
    return whatever_is_meant(
        mail.recipient, lambda address: _in_group(mail.transaction, key(address), groups)
    )


def to_header_group(transaction: Transaction, groups: Names) -> bool:
    """Somebody in the To field is a member of one of these groups."""
    return _named(transaction, groups, "to")


def cc_header_group(transaction: Transaction, groups: Names) -> bool:
    """Somebody in the Cc field is a member of one of these groups."""
    return _named(transaction, groups, "cc")


def to_or_cc_header_group(transaction: Transaction, groups: Names) -> bool:
    """Somebody in the To or the Cc field is a member of one of these groups."""
    return _named(transaction, groups, "to", "cc")


def _named(transaction: Transaction, groups: frozenset[str], *fields: str) -> bool:
    return written(transaction.raw(*fields)).any(lambda address: _in_group(transaction, address, groups))


def _cross(mail: Mail, sender: str, groups: Sides) -> bool:
    own = mail.transaction.person(sender).groups

    def crosses(address: str) -> bool:
        others = mail.transaction.person(key(address)).groups
        return (bool(groups.one & own) and bool(groups.other & others)) or (
            bool(groups.other & own) and bool(groups.one & others)
        )

    return whatever_is_meant(mail.recipient, crosses)


@asks_of_sender(_cross)
def between_groups(mail: Mail, groups: Annotated[Sides, sides]) -> bool:
    """The sender is a member of a group on one side, and the recipient of one on the other."""
    return _cross(mail, mail.transaction.sender, groups)


def _in_attributes(transaction: Transaction, address: str, looked_for: dict[str, Pattern]) -> bool:
    attributes = transaction.person(address).attributes
    return any(
        pattern.found(seen(value))
        for name, pattern in looked_for.items()
        for value in attributes.get(name, ())
    )


@asks_of_sender(_in_attributes)
def sender_attribute_words(transaction: Transaction, looked_for: dict[Name, Words]) -> bool:
    """An attribute of the sender contains one of these words or phrases."""
    return _in_attributes(transaction, transaction.sender, looked_for)


@asks_of_sender(_in_attributes)
def sender_attribute_matches(transaction: Transaction, looked_for: dict[Name, Patterns]) -> bool:
    """An attribute of the sender matches one of these patterns."""
    return _in_attributes(transaction, transaction.sender, looked_for)


def recipient_attribute_words(mail: Mail, looked_for: dict[Name, Words]) -> bool:
    """An attribute of the recipient contains one of these words or phrases."""
    return _of_recipient(mail, looked_for)


def recipient_attribute_matches(mail: Mail, looked_for: dict[Name, Patterns]) -> bool:
    """An attribute of the recipient matches one of these patterns."""
    return _of_recipient(mail, looked_for)


def _of_recipient(mail: Mail, looked_for: dict[str, Pattern]) -> bool:
    return whatever_is_meant(
        mail.recipient, lambda address: _in_attributes(mail.transaction, key(address), looked_for)
    )


def _same(mail: Mail, sender: str, attribute: str) -> bool:
    def values(address: str) -> set[str]:
        return {each.casefold() for each in mail.transaction.person(address).attributes.get(attribute, ())}

    own = values(sender)
    return whatever_is_meant(mail.recipient, lambda address: not own.isdisjoint(values(key(address))))


@asks_of_sender(_same)
def same_attribute(mail: Mail, attribute: Name) -> bool:
    """The sender and the recipient have a value of this attribute in common, such as their department."""
    return _same(mail, mail.transaction.sender, attribute)


def _managed(transaction: Transaction, address: str, managers: frozenset[str]) -> bool:
    return transaction.person(address).manager in managers


@asks_of_sender(_managed)
def sender_manager(transaction: Transaction, addresses: Addresses) -> bool:
    """The sender's manager is one of these."""
    return _managed(transaction, transaction.sender, addresses)


def recipient_manager(mail: Mail, addresses: Addresses) -> bool:
    """The recipient's manager is one of these."""
    return whatever_is_meant(
        mail.recipient, lambda address: _managed(mail.transaction, key(address), addresses)
    )


def _related(mail: Mail, sender: str, relations: frozenset[Management]) -> bool:
    def related(address: str) -> bool:
        person = mail.transaction.person
        return (Management.MANAGER in relations and sender == person(key(address)).manager != "") or (
            Management.DIRECT_REPORT in relations and key(address) == person(sender).manager
        )

    return whatever_is_meant(mail.recipient, related)


@asks_of_sender(_related)
def sender_is(mail: Mail, relations: Annotated[frozenset[Management], choices(Management)]) -> bool:
    """The sender is the recipient's manager, or reports to the recipient."""
    return _related(mail, mail.transaction.sender, relations)


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
    to_header_group,
    cc_header_group,
    to_or_cc_header_group,
)
"""Those that need a directory."""
