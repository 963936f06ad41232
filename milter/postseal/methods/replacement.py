"""The message around a new MIME entity: what stays of the old header, and what must not."""

from postseal.body import Body
from postseal.cms import entity
from postseal.message import Header, Message

# They vouch for the old body; a verifier would take the message for a forged one.
OVER_THE_BODY = (
    *("DKIM-Signature", "DomainKey-Signature"),
    *("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"),
)
"""Fields that a body other than the one they were made for makes untrue."""
_HIDDEN = ("Bcc", "Resent-Bcc")


def replaced(message: Message, body: Body, *content: Header) -> Message:
    """*message* with *content* and *body* as its MIME entity; all its other fields in order, byte for byte.

    Fields that must not leave, or are no longer true of the body, are left out.
    """
    kept = Message(entity.outer(message), body).without(*OVER_THE_BODY, *_HIDDEN)
    return kept.adding(Header.of("MIME-Version", "1.0"), *content)
