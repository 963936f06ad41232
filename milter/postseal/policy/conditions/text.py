"""Conditions on the text of the message."""

from postseal.policy import facet
from postseal.policy.conditions.field import subject, subject_matches, subject_words
from postseal.policy.mail import Transaction
from postseal.policy.values import Patterns, Words


def text(transaction: Transaction) -> tuple[bytes, ...]:
    """The text, to look for patterns.  Raises Failure if it cannot be seen."""
    return (transaction.text,)


@facet.asks(facet.Texts(text, dear=facet.TEXT))
def body_words(transaction: Transaction, looked_for: Words) -> bool:
    """The text of the message contains one of these words or phrases.

    Looks at all text parts (any charset and encoding, HTML as it is shown) and at nested messages, not
    into attachments.  The text of an encrypted message cannot be seen, so this does not hold for it;
    ask `encrypted` to treat such mail.  Text that is too large, malformed, in an unknown charset or
    signed opaquely cannot be judged: unless the rest of the rule decides, the mail is refused as
    the rule's `on_error` says.
    """
    return transaction.finds(text, looked_for)


@facet.asks(facet.Texts(text, dear=facet.TEXT))
def body_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The text of the message matches one of these patterns; looks where `body_words` looks."""
    return transaction.finds(text, looked_for)


@facet.asks(facet.Texts(subject, text, dear=facet.TEXT))
def subject_or_body_words(transaction: Transaction, looked_for: Words) -> bool:
    """The subject or the text of the message contains one of these words or phrases."""
    return subject_words(transaction, looked_for) or body_words(transaction, looked_for)


@facet.asks(facet.Texts(subject, text, dear=facet.TEXT))
def subject_or_body_matches(transaction: Transaction, looked_for: Patterns) -> bool:
    """The subject or the text of the message matches one of these patterns."""
    return subject_matches(transaction, looked_for) or body_matches(transaction, looked_for)
