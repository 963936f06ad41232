"""Conditions on the header fields, decoded as their reader sees them."""

from collections.abc import Iterable

from postseal.policy import facet
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


def _found(looked_for: Pattern, texts: Iterable[bytes]) -> bool:
    return any(looked_for.found(text) for text in texts)
