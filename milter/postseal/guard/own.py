"""The header fields that only we write: `X-Postseal-…`, for control and for results.

Who sends us mail may write anything there, so such fields are taken off every message that arrives,
before any condition looks and before any copy is made, and no rule may write them.
"""

import re
from dataclasses import replace
from typing import Final

from postseal.message import Header, Message

PREFIX: Final = "X-Postseal-"
TLS: Final = f"{PREFIX}TLS"
"""The field by which the MTA learns that a copy must not travel without TLS."""
TLS_LATER: Final = f"{PREFIX}Later-TLS"
"""The same, for a copy that comes by once more before it travels."""

SMIME: Final = f"{PREFIX}Smime"
"""The field that tells in which layers of S/MIME a message came."""
TEMPLATE: Final = f"{PREFIX}Template"
"""The field that keeps, with a reply that waits, by which template its readers are restricted."""
OME: Final = f"{PREFIX}Ome"
"""The field that tells that a sealed message of ours was opened because a rule asks for it."""

_OPENED: Final = re.compile(rb"\bopened\b")


def was_opened(message: Message) -> bool:
    """Whether *message* says that we opened it."""
    return any(_OPENED.search(header.value) for header in message.all(SMIME, OME))


def unquotable(message: Message) -> bool:
    """Whether a bounce must not quote *message*: it goes by any way, to whoever sent the message."""
    return was_opened(message) or bool(message.all(TLS, TLS_LATER))


def is_own(name: str) -> bool:
    """Whether *name* is that of a field of ours, in any letter case, with white space around it or not."""
    # RFC 5322 §4.5 allows white space before the colon, and MTAs let it pass.
    return name.strip().lower().startswith(PREFIX.lower())


def stripped(message: Message) -> Message:
    """*message* without the fields of ours; the same object if it has none."""
    kept = tuple(header for header in message.headers if not _is_own(header))
    return message if len(kept) == len(message.headers) else replace(message, headers=kept)


def _is_own(header: Header) -> bool:
    return is_own(header.name.decode("latin-1"))
