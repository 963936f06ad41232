"""Conditions on the header fields, decoded as their reader sees them."""

import re
from collections.abc import Collection, Iterable

from postseal.policy import facet
from postseal.policy.condition_values import FieldNames, Number
from postseal.policy.mail import Transaction
from postseal.policy.pattern import Pattern
from postseal.policy.values import FieldName, Patterns, Words

_FIELDS = facet.Fields()


def subject(transaction: Transaction) -> tuple[bytes, ...]:
    """The subject, to look for patterns; a missing one counts as empty."""
    return transaction.subject or (b"",)


@facet.asks(facet.Texts(subject))
def subject_words(transaction: Transaction, looked_for: Words) -> bool:
    """The decoded subject contains one of these words or phrases."""
    return _found(looked_for, transaction.subject)


@facet.asks(facet.Texts(subject))
def subject_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The decoded subject matches one of these patterns; a missing subject counts as empty."""
    return transaction.finds(subject, looked_for)


@facet.asks(_FIELDS)
def header_words(transaction: Transaction, looked_for: dict[FieldName, Words]) -> bool:
    """A header field of this name contains, decoded, one of these words or phrases."""
    return any(_found(words, transaction.header(name)) for name, words in looked_for.items())


@facet.asks(_FIELDS)
def header_matches(transaction: Transaction, looked_for: dict[FieldName, Patterns]) -> bool:
    """A header field of this name matches, decoded, one of these patterns; a missing field matches none."""
    return any(_found(patterns, transaction.header(name)) for name, patterns in looked_for.items())


def _names(transaction: Transaction) -> Collection[str]:
    return transaction.field_names


@facet.asks(facet.Keys(_names))
def has_header(transaction: Transaction, names: FieldNames) -> bool:
    """The message has one of these header fields, whatever it says."""
    return not names.isdisjoint(_names(transaction))


_NUMBER = re.compile(rb"\s*([-+]?[0-9]{1,9}(?:\.[0-9]{1,9})?)")


def header_at_least(transaction: Transaction, numbers: dict[FieldName, Number]) -> bool:
    """A header field of this name begins with a number that is at least so large, such as a spam score."""
    return any(
        float(found[1]) >= least
        for name, least in numbers.items()
        for value in transaction.header(name)
        if (found := _NUMBER.match(value))
    )


def _found(looked_for: Pattern, texts: Iterable[bytes]) -> bool:
    return any(looked_for.found(text) for text in texts)
