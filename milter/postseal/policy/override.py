"""A sender's word in the subject that passes his message by a refusal: `[override: reason]`.

Only who is inside and has shown it may say so.  The reason is for the log and the administrator: one line of
printable characters, of a length that nobody minds.
"""

import re
from enum import StrEnum
from typing import Final

from postseal.cms import field
from postseal.policy.mail import Transaction
from postseal.treatment import ChangeSubject

_LONGEST: Final = 200
_WRITTEN: Final = re.compile(r"\[override(?::([^\[\]]{0,400}))?\]", re.IGNORECASE)
TAG: Final = "[override"
"""How it begins, for the text that tells a sender of it."""
REMOVAL: Final = ChangeSubject((r"(?i)\[override(?::[^\[\]]{0,400})?\] ?",), "")
"""What takes it out of the subject."""


class Override(StrEnum):
    """What a sender inside must write to pass by the refusal of a rule."""

    NEVER = "never"  # nothing helps
    TAG = "tag"  # [override], with a reason or without
    REASON = "reason"  # [override: the reason]


def justification(transaction: Transaction, wanted: Override) -> str | None:
    """The sender's reason, "" if he gives none and need not; None if he does not, or may not, override."""
    if wanted is Override.NEVER or not transaction.from_inside:
        return None
    for header in transaction.message.all("Subject"):
        if found := _WRITTEN.search(field.text(header.value)):
            text = "".join(each if each.isprintable() else " " for each in found[1] or "")
            reason = " ".join(text.split())[:_LONGEST]
            return reason if reason or wanted is Override.TAG else None
    return None
