"""What is the same when the MTA or the sender tries again, and other for another message.

Whoever did something for a message once, and must not do it twice, tells it by this.  Pure.
"""

from datetime import timedelta
from typing import Final

from postseal.envelope import Envelope
from postseal.guard.digest import digest
from postseal.message import Message

KEEP: Final = timedelta(days=7)
"""How long a retry is recognised: longer than any MTA keeps trying (RFC 5321 §4.5.4.1)."""

_SAME: Final = ("From", "Sender", "To", "Cc", "Subject", "In-Reply-To", "References")
"""Fields that are the same at each try; milters before us may add others that are not."""


def has_own_id(message: Message, envelope: Envelope) -> bool:
    """Whether the message has a Message-ID that will be the same when it comes again.

    Postfix adds one where it is missing, a new one at each try, which holds its queue id; and a Date.
    """
    own = message.first("Message-ID")
    return own is not None and not (envelope.queue_id and envelope.queue_id.encode() in own)


def told_from_others(message: Message, *, identified: bool) -> bytes:
    """A digest, the same for the same message.  *identified*: whether its Message-ID and Date count."""
    return digest(message, _SAME + ("Message-ID", "Date") * identified)
