"""Actions that tell somebody: an administrator, the sender, the recipient.

What they send are messages of our own: from the null sender, marked as automatic, each once however often
the mail server or the sender tries again, submitted where copies are.  No rule sees them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader, known
from postseal.document import Node, Scalar, bad
from postseal.envelope import split
from postseal.notice import ALL_BUT_ORIGINAL, Include, Kind, Notice
from postseal.policy.action_values import check_holding, line
from postseal.policy.recipient_actions import people
from postseal.treatment import Treatment

TOKENS = ("From", "To", "Cc", "Subject", "Headers", "MessageDate", "Rule")
"""What may stand between %% in a note."""

_LONGEST = 5120
_TOKEN = re.compile("%%(.*?)%%")


def template(node: Node, _reader: object = None) -> str:
    """Text, at most 5120 characters, with `%%From%%`, `%%To%%`, `%%Cc%%`, `%%Subject%%` and the like."""
    written = scalar.one(node)
    if not written.text.strip() or len(written.text) > _LONGEST:
        raise bad(
            written.place, f"a text of {len(written.text)} characters", f"write at most {_LONGEST}, not none"
        )
    for token in _TOKEN.findall(written.text):
        known(Scalar(token, written.place), TOKENS, "token")
    return written.text


@dataclass(frozen=True, slots=True)
class _Note:
    text: Annotated[str, template]
    subject: Annotated[str, line] = ""


def note(node: Node, reader: Reader) -> tuple[str, str]:
    """A text with tokens such as `%%Subject%%`; or `{text: …, subject: …}`."""
    if isinstance(node, Scalar):
        return template(node), ""
    bound = reader.bind(node, _Note)
    return bound.text, bound.subject


@dataclass(frozen=True, slots=True)
class _Report:
    to: Annotated[tuple[str, ...], people]
    include: tuple[Include, ...] = ALL_BUT_ORIGINAL


def reported(node: Node, reader: Reader) -> tuple[Notice, ...]:
    """Addresses; or `{to: ADDRESSES, include: [sender, recipients, subject, rule, matches, original]}`."""
    bound = _Report(people(node)) if not hasattr(node, "entries") else reader.bind(node, _Report)
    return tuple(Notice(Kind.REPORT, to, include=bound.include) for to in bound.to)


def moderators(node: Node, reader: Reader) -> tuple[Notice, ...]:
    """Addresses; or, written long, as for `report`: `{to: ADDRESSES, include: …}`."""
    check_holding(node, reader)
    return reported(node, reader)


Moderators = Annotated[tuple[Notice, ...], moderators]
Note = Annotated[tuple[str, str], note]
Reported = Annotated[tuple[Notice, ...], reported]


def report(treatment: Treatment, notices: Reported) -> Treatment:
    """Report to these addresses that the rule applied, to what and why; also in audit modes.

    Matches are masked.  `original` attaches the message as it came, and is for addresses in
    `accepted_domains` only.  `manager` among the addresses is the sender's manager, if the directory names
    one.
    """
    return replace(treatment, notices=treatment.notices + notices)


def notify_sender(treatment: Treatment, text: Note) -> Treatment:
    """Write to the sender, if he is inside; also in the mode `audit_and_notify`.

    Nobody outside is written to, since senders are easily forged; nor are programs and lists.
    """
    return replace(treatment, notices=(*treatment.notices, Notice(Kind.SENDER, "", *text)))


def notify_recipient(treatment: Treatment, text: Note) -> Treatment:
    """Write to the recipient, whether or not he gets the message; also in the mode `audit_and_notify`.

    The note is not encrypted: if the message is protected for anybody, or does not reach somebody, its
    subject and header are withheld from people outside.
    """
    return replace(treatment, notices=(*treatment.notices, Notice(Kind.RECIPIENT, "", *text)))


ACTIONS: tuple[Callable[..., Treatment], ...] = (report, notify_sender, notify_recipient)
"""The actions of this room."""


def misdirected(notice: Notice, accepts: Callable[[str], bool]) -> bool:
    """Whether *notice* would carry a message, as it came, to an address that is not ours."""
    return Include.ORIGINAL in notice.include and bool(split(notice.to)[1]) and not accepts(notice.to)
