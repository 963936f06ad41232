"""Conditions on the client that hands the message to our MTA."""

from postseal.policy.mail import Transaction


def authenticated(transaction: Transaction, expected: bool) -> bool:
    """Whether the client has logged in (SMTP AUTH)."""
    return bool(transaction.envelope.client.login) is expected
