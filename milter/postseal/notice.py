"""What rules want told about a message: reports to administrators, notes to its sender and recipients.

A notice says what was found, never as it was written: matches are masked.  `letter` makes mail of it.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """To whom a notice is, and therefore what it says."""

    REPORT = "report"
    SENDER = "notify_sender"
    RECIPIENT = "notify_recipient"


class Include(StrEnum):
    """A section of a report."""

    SENDER = "sender"
    RECIPIENTS = "recipients"
    SUBJECT = "subject"
    RULE = "rule"
    MATCHES = "matches"
    ORIGINAL = "original"


MANAGER = "manager"
"""In place of an address: the sender's manager, as the directory knows him."""

ALL_BUT_ORIGINAL = tuple(each for each in Include if each is not Include.ORIGINAL)


@dataclass(frozen=True, slots=True)
class Match:
    """A condition that held, as written, and what it found, masked; nothing if it is not about text."""

    condition: str
    found: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """The wish of *rule* that *to* is told.

    *text*, *subject*: of a note, with tokens such as `%%Subject%%`; *include*: the sections of a report.
    *mode*, *severity*: the rule's.  *outside*: whether *to* is none of ours.
    *about*: the recipients for whom it applied.
    """

    kind: Kind
    to: str
    text: str = ""
    subject: str = ""
    include: tuple[Include, ...] = ()
    rule: str = ""
    mode: str = ""
    severity: str = ""
    outside: bool = False
    about: tuple[str, ...] = ()
    matches: tuple[Match, ...] = field(default=(), repr=False)


def masked(found: str) -> str:
    """*found* so that who knows it recognises it, and nobody else learns it."""
    shown = 4 if len(found) >= 12 else 1 if len(found) >= 6 else 0
    hidden = len(found) - shown
    return "".join("*" if each.isalnum() else each for each in found[:hidden]) + found[hidden:]
