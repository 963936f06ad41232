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

_SAME: Final = (
    *("From", "Sender", "To", "Cc", "Subject", "In-Reply-To", "References"),
    *("Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc"),
)
"""Fields that are the same at each try; milters before us may add others that are not."""
_IDENTITY: Final = ("Message-ID", "Date", "Resent-Message-ID", "Resent-Date")


def has_own_id(message: Message, envelope: Envelope) -> bool:
    """Whether the message has a Message-ID that will be the same when it comes again.

    Postfix adds one where it is missing, a new one at each try, which holds its queue id; and a Date.  What
    somebody sends on (RFC 5322 §3.6.6) is another message each time, told by the newest Resent-Message-ID.
    """
    resent = any(header.name.lower().startswith(b"resent-") for header in message.headers)
    own = message.first("Resent-Message-ID" if resent else "Message-ID")
    return own is not None and not (envelope.queue_id and envelope.queue_id.encode() in own)


def told_from_others(message: Message, *, identified: bool) -> bytes:
    """A digest, the same for the same message.  *identified*: whether its Message-ID and Date count."""
    return digest(message, _SAME + _IDENTITY * identified)
