"""The method that leaves the message as it is and has it travel by verified TLS, or not at all.

It reaches those whose domain is known to offer that; what is not known counts as no, so that the next method
of the list is taken.  What was known wrongly makes mail wait, and lets nothing go in clear.
"""

from postseal.envelope import Recipient, split
from postseal.message import Message
from postseal.methods.method import Manner, Order
from postseal.required_tls import Level, RequiredTls
from postseal.rights import Right
from postseal.tls_offers import Offers

REQUIRED = RequiredTls(Level.VERIFY)
"""What its copies need on their way."""


class TlsMethod:
    """*offers*: what is known of domains."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        """Whether the recipient's domain is known to offer verified TLS."""
        return self._offers.verified(split(recipient.address)[1])

    def obstacle(self, recipient: Recipient) -> str:
        """That nothing is known, or nothing good."""
        return "its domain is not known to offer verified TLS; it is looked at once somebody writes there"

    def manner(self, recipient: Recipient) -> Manner:
        """By verified TLS."""
        return Manner(tls=REQUIRED)

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        """*message* itself: the way protects it."""
        return message

    def made(self, message: Message) -> bool:
        """It makes none."""
        return False
