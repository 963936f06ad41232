"""Conditions on the message as a whole."""

from postseal.policy import encryption
from postseal.policy.mail import Transaction
from postseal.policy.values import Size


def size_over(transaction: Transaction, octets: Size) -> bool:
    """The whole message, with headers and attachments as they are sent, has at least this size."""
    return transaction.message.size >= octets


def encrypted(transaction: Transaction, expected: bool) -> bool:
    """Whether the sender has already encrypted the message with S/MIME or PGP/MIME.

    Told by the octets, not by the label.
    """
    return encryption.encrypted(transaction.message) is expected
