"""The method that protects nothing: for mail of which no protection is asked."""

from postseal.envelope import Recipient
from postseal.message import Message
from postseal.methods.method import Manner, Order
from postseal.rights import Right


class PlainMethod:
    """Reaches everybody; the message leaves as it is."""

    enforces: frozenset[Right] = frozenset()

    def reaches(self, recipient: Recipient) -> bool:
        """Always."""
        return True

    def obstacle(self, recipient: Recipient) -> str:
        """None."""
        return ""

    def manner(self, recipient: Recipient) -> Manner:
        """The same for all."""
        return Manner()

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        """*message* itself."""
        return message

    def made(self, message: Message) -> bool:
        """It makes none."""
        return False
