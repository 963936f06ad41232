"""Messages of our own about a message: reports and notes, from what rules want told.

They say that no person wrote them (RFC 3834), come from the null sender, and hold the message as it came
only where a rule attaches it.  What strangers wrote stands in the text alone, never in a field of ours.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime

from postseal.body import Spool
from postseal.cms import encoding
from postseal.cms import field as fields
from postseal.envelope import Envelope, Recipient, key
from postseal.header_edits import addresses, header
from postseal.message import Header, Message
from postseal.notice import Include, Kind, Notice
from postseal.outcome import Held, Outcome, Reply
from postseal.treatment import Treatment

_MOST_RECIPIENTS = 10
_LONGEST_VALUE = 2000
_LONGEST_HEADERS = 20_000
_WITHHELD = "(protected)"
_TOKEN = re.compile("%%(.*?)%%")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of our own to *to*; *name* tells it from all others about the same message.

    *vital*: mail waits for it, even if it is refused for good.
    """

    message: Message
    to: str
    name: str
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Where letters are written: *author* for From, *host* for the Message-ID, *spool* for large ones."""

    author: str = "postmaster@localhost"
    host: str = "localhost"
    spool: Spool = field(default_factory=Spool)


def letters(
    message: Message,
    envelope: Envelope,
    treatments: Mapping[Recipient, Treatment],
    outcome: Outcome,
    *,
    desk: Desk,
    at: datetime,
) -> list[Letter]:
    """All letters about *message*; none while it has to be tried again."""
    if isinstance(outcome, Reply) and outcome.code < 500:
        return []
    passed = (each for treatment in treatments.values() for each in treatment.overridden)
    overridden = tuple(dict.fromkeys((each.rule, each.reason) for each in passed))
    about = _About(message, envelope, outcome, at, overridden)
    # A letter is not encrypted: what is sealed for one, or kept from one, must not be told outside, by a
    # token or a report.
    secret = replace(about, secret=isinstance(outcome, Reply | Held) or any(map(_hides, treatments.values())))
    return [
        _letter(notice, secret if notice.outside else about, desk) for notice in _joined(treatments.values())
    ]


def _hides(treatment: Treatment) -> bool:
    """Whether anything keeps what the message says from somebody."""
    return bool(treatment.protect or treatment.tls or treatment.holds or not treatment.leaves)


def _joined(treatments: Collection[Treatment]) -> Iterator[Notice]:
    """One notice for each who is told of one rule, about all recipients for whom it applied."""
    found: dict[tuple[str, str, str], Notice] = {}
    for notice in (notice for treatment in treatments for notice in treatment.notices):
        same = (notice.kind, notice.to, notice.rule)
        if (first := found.get(same)) is None:
            found[same] = notice
        else:
            recipients = tuple(dict.fromkeys(first.about + notice.about))
            found[same] = replace(
                first, about=recipients, matches=tuple(dict.fromkeys(first.matches + notice.matches))
            )
    yield from found.values()


@dataclass(frozen=True, slots=True)
class _About:
    message: Message
    envelope: Envelope
    outcome: Outcome
    at: datetime
    overridden: tuple[tuple[str, str], ...] = ()
    secret: bool = False

    def value(self, name: str) -> str:
        """A field as a person reads it, on one line."""
        if self.secret and name == "Subject":
            return _WITHHELD
        text = fields.text(self.message.first(name) or b"")[:_LONGEST_VALUE]
        return "".join(each if each.isprintable() else " " for each in text)


def _letter(notice: Notice, about: _About, desk: Desk) -> Letter:
    if notice.kind is Kind.REPORT:
        subject = f"Report: rule '{notice.rule}' applied"
        text = "\n".join(_report(notice, about))
    else:
        text = _filled(notice, about)
        subject = notice.subject or "About a message of yours"
    original = about.message if Include.ORIGINAL in notice.include else None
    name = " ".join([notice.kind, notice.rule, notice.to, *sorted(notice.about)])
    return Letter(
        written(text, original, to=notice.to, subject=subject, desk=desk, at=about.at), notice.to, name
    )


def written(
    text: str, original: Message | None, *, to: str, subject: str, desk: Desk, at: datetime
) -> Message:
    """A message of our own with *text*, and with the *original* attached if there is one."""
    fields = (
        header("From", desk.author),
        header("To", to if to.isascii() else "undisclosed-recipients:;"),
        header("Subject", subject),
        Header.of("Date", format_datetime(at)),
        Header.of("Message-ID", f"<{secrets.token_hex(16)}@{desk.host}>"),
        Header.of("Auto-Submitted", "auto-generated"),
        Header.of("MIME-Version", "1.0"),
    )
    draft = desk.spool.draft()
    for piece in _body(text, original):
        draft.write(piece)
    body = draft.body()
    content = _TEXT if original is None else (_mixed(body.read(0, 80)),)
    return Message((*fields, *content), body)


_TEXT = (
    Header.of("Content-Type", "text/plain; charset=utf-8"),
    Header.of("Content-Transfer-Encoding", "base64"),
)


def _mixed(first: bytes) -> Header:
    boundary = first.partition(b"\r\n")[0].removeprefix(b"--").decode("ascii")
    return Header.of("Content-Type", f'multipart/mixed; boundary="{boundary}"')


def _body(text: str, original: Message | None) -> Iterator[bytes]:
    octets = text.replace("\n", "\r\n").encode("utf-8", "replace") + b"\r\n"
    written = b"".join(encoding.to_base64([octets]))
    if original is None:
        yield written
        return
    boundary = b"=_" + secrets.token_hex(16).encode("ascii")  # nobody can have guessed it
    yield b"--%b\r\n%b\r\n%b\r\n" % (boundary, b"".join(each.raw for each in _TEXT), written)
    yield b"--%b\r\nContent-Type: message/rfc822\r\n" % boundary
    if not all(piece.isascii() for piece in original.pieces()):
        yield b"Content-Transfer-Encoding: 8bit\r\n"
    yield b"\r\n"
    yield from original.pieces()
    yield b"\r\n--%b--\r\n" % boundary


def _report(notice: Notice, about: _About) -> Iterator[str]:
    shown = set(notice.include)
    if Include.RULE in shown:
        yield f"Rule: {notice.rule} (mode {notice.mode}, severity {notice.severity})"
        for rule, reason in about.overridden:
            why = _WITHHELD if about.secret else reason or "no reason was given"
            yield f"Override: the sender passed by rule '{rule}': {why}"
    yield f"Message-ID: {about.value('Message-ID') or '-'}"
    yield f"Queue id: {about.envelope.queue_id or '-'}"
    yield f"Time: {format_datetime(about.at)}"
    yield f"Result: {_result(about.outcome)}"
    if isinstance(about.outcome, Held) and about.envelope.queue_id:
        queue_id = about.envelope.queue_id
        yield f"Release it: postsuper -H {queue_id}    Delete it: postsuper -d {queue_id}"
    if Include.SENDER in shown:
        yield f"Sender: <{about.envelope.sender}>"
        yield f"From: {about.value('From')}"
    if Include.RECIPIENTS in shown:
        yield f"Applied to: {_some(notice.about)}"
        yield from _recipients(about)
    if Include.SUBJECT in shown:
        yield f"Subject: {about.value('Subject')}"
    if Include.MATCHES in shown:
        yield "Because of:"
        for match in notice.matches:
            yield f"  {match.condition}"
            yield from (f"    found: {found}" for found in match.found)


def _recipients(about: _About) -> Iterator[str]:
    """All recipients of the envelope, by the field that they stand in."""
    left = [each.address for each in about.envelope.recipients]
    for name in "To", "Cc":
        found = about.message.all(name, f"Resent-{name}")
        written = {key(word) for each in found for word in addresses(each.value)}
        if here := [address for address in left if key(address) in written]:
            yield f"{name}: {_some(here)}"
        left = [address for address in left if address not in here]
    if left:
        yield f"Bcc, or behind a list: {_some(left)}"


def _result(outcome: Outcome) -> str:
    if isinstance(outcome, Reply):
        return f"rejected ({outcome})"
    if isinstance(outcome, Held):
        return "held for an administrator"
    return "accepted" if outcome else "deleted"


def _some(addresses: Collection[str]) -> str:
    told = ", ".join(f"<{address}>" for address in list(addresses)[:_MOST_RECIPIENTS])
    more = len(addresses) - _MOST_RECIPIENTS
    return f"{told} and {more} more" if more > 0 else told


def _filled(notice: Notice, about: _About) -> str:
    values = {name: about.value(name) for name in ("From", "To", "Cc", "Subject")}
    values["MessageDate"] = about.value("Date")
    values["Rule"] = notice.rule
    if about.secret:
        values["Headers"] = _WITHHELD
    elif "%%Headers%%" in notice.text:
        shown = about.message.without("Bcc", "Resent-Bcc").header_block.decode("utf-8", "replace")
        values["Headers"] = shown.replace("\r\n", "\n")[:_LONGEST_HEADERS]
    return _TOKEN.sub(lambda token: values.get(token[1], token[0]), notice.text)
