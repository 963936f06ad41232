"""Writes a reply as a mail: in constant memory, in 7bit, so that it threads and is no forgery to anybody.

It comes from an address of ours, as only that passes SPF, DKIM and DMARC; who has written it stands in the
name before that address, and in Reply-To.  Nothing that a stranger typed gets into a field otherwise than
as an encoded word, a quoted name or an address that was looked at before.
"""

import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import Header as EncodedText
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from postseal.body import Body, Spool
from postseal.cms import encoding
from postseal.envelope import split
from postseal.guard.own import TEMPLATE
from postseal.header_edits import header
from postseal.message import Header, Message
from postseal.replying.flowed import flowed, lines, quoted

_TEXT: Final = "text/plain; charset=utf-8; format=flowed"
_UNKNOWN: Final = "application/octet-stream"
_MEDIA_TYPE: Final = re.compile(r"(?!multipart/|message/)[a-z]{1,20}/[a-z0-9][a-z0-9.+-]{0,80}")
_LONGEST_SUBJECT: Final = 300
_LONGEST_NAME: Final = 100
_REFERENCES: Final = 20
_SECTION: Final = 60
"""Characters of an encoded name on one line."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Somebody in a field of addresses: *name* is "" where he has none."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file to go with a reply; *name* without a path, *kind* its media type, if that is known."""

    name: str
    kind: str
    body: Body


@dataclass(frozen=True, slots=True)
class Quotation:
    """What was replied to, as text: by *author*, of the time *at*, if that is known."""

    author: str
    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is to be written.

    *author*: who has written it.  *sender*: the address of ours that it comes from.  *thread*: the
    Message-IDs before this one, the last is the one replied to.  *identity*: what its own Message-ID is
    made of; ASCII.  *template*: the word of that by which its readers are restricted, "" for none.
    """

    author: Correspondent
    sender: str
    to: tuple[Correspondent, ...]
    cc: tuple[Correspondent, ...]
    subject: str
    thread: tuple[str, ...]
    text: str
    identity: str
    at: datetime
    quotation: Quotation | None = None
    enclosures: tuple[Enclosure, ...] = ()
    template: str = ""


def composed(reply: Reply, spool: Spool) -> Message:
    """*reply* as a mail."""
    boundary = f"=_{secrets.token_hex(16)}"
    fields = [
        *_from(reply.author, reply.sender),
        _people("To", reply.to),
        *([_people("Cc", reply.cc)] if reply.cc else []),
        header("Subject", answered(reply.subject)),
        *_identified(reply.identity, reply.sender, reply.at),
        *_thread(reply.thread),
        *([Header.of(TEMPLATE, reply.template)] if reply.template else []),
        Header.of("MIME-Version", "1.0"),
    ]
    draft = spool.draft()
    if reply.enclosures:
        fields.append(Header.of("Content-Type", f'multipart/mixed; boundary="{boundary}"'))
        for piece in _parts(reply, boundary.encode()):
            draft.write(piece)
    else:
        fields += [
            Header.of("Content-Type", _TEXT),
            Header.of("Content-Transfer-Encoding", "quoted-printable"),
        ]
        for piece in _text(reply):
            draft.write(piece)
    return Message(tuple(fields), draft.body())


def covering(
    author: Correspondent, to: tuple[Correspondent, ...], *, sender: str, identity: str, at: datetime
) -> Message:
    """The fields of a mail in which *author* sends something on: it has no subject, nor anything else."""
    fields = (*_from(author, sender), _people("To", to), *_identified(identity, sender, at))
    return Message(fields, Body.of(b""))


def answered(subject: str) -> str:
    """The subject of a reply to a message with this *subject* (RFC 5322 §3.6.5)."""
    line = " ".join("".join(each if each.isprintable() else " " for each in subject).split())
    line = line if re.match(r"re:", line, re.IGNORECASE) else f"Re: {line}"
    return line[:_LONGEST_SUBJECT].strip()


def _from(author: Correspondent, sender: str) -> tuple[Header, Header]:
    name = f"{author.name} ({author.address})" if author.name else author.address
    return _people("From", [Correspondent(name, sender)]), _people("Reply-To", [author])


def _identified(identity: str, sender: str, at: datetime) -> tuple[Header, Header]:
    identity = f"<{identity}@{split(sender)[1]}>"
    return Header.of("Date", format_datetime(at)), Header.of("Message-ID", identity)


def _parts(reply: Reply, boundary: bytes) -> Iterator[bytes]:
    yield b"--%b\r\nContent-Type: %b\r\n" % (boundary, _TEXT.encode())
    yield b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    yield from _text(reply)
    for each in reply.enclosures:
        kind = each.kind if _MEDIA_TYPE.fullmatch(each.kind) else _UNKNOWN
        yield b"\r\n--%b\r\nContent-Type: %b\r\n" % (boundary, kind.encode("ascii"))
        yield b"Content-Disposition: attachment%b\r\n" % filename(each.name).encode("ascii")
        yield b"Content-Transfer-Encoding: base64\r\n\r\n"
        yield from encoding.to_base64(each.body.pieces())
    yield b"\r\n--%b--\r\n" % boundary


def _text(reply: Reply) -> Iterator[bytes]:
    text = "\n".join(lines(reply.text))
    if (quotation := reply.quotation) is not None:
        when = f", {quotation.at:%Y-%m-%d %H:%M %Z}" if quotation.at else ""
        text += f"\n\n{quotation.author}{when}:\n{quoted(quotation.text)}"
    return encoding.to_quoted_printable([flowed(text).encode("utf-8", "replace")])


def filename(name: str) -> str:
    """The parameter of Content-Disposition that says *name*, with the ";" before it (RFC 2183, RFC 2231)."""
    if name.isascii() and name.isprintable() and len(name) <= _SECTION and not set('"\\') & set(name):
        return f'; filename="{name}"'
    text = quote(name, safe="", errors="replace")
    pieces, start = [], 0
    while start < len(text):
        stop = start + _SECTION
        while "%" in text[stop - 2 : stop] and stop < len(text):  # no octet is cut in two
            stop -= 1
        pieces.append(text[start:stop])
        start = stop
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return f";\r\n filename*={pieces[0]}"
    return "".join(f";\r\n filename*{number}*={piece}" for number, piece in enumerate(pieces))


def _people(name: str, people: Iterable[Correspondent]) -> Header:
    value = ",\r\n ".join(_mailbox(name, each) for each in people)
    return Header(name.encode("ascii"), b" " + value.encode("utf-8"))


def _mailbox(field: str, who: Correspondent) -> str:
    name = " ".join("".join(each if each.isprintable() else " " for each in who.name).split())
    name = name[:_LONGEST_NAME]
    if not name:
        return f"<{who.address}>"
    if name.isascii():
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{who.address}>'
    encoded = EncodedText(name, "utf-8", header_name=field).encode(linesep="\r\n")
    return f"{encoded} <{who.address}>"


def _thread(identities: tuple[str, ...]) -> list[Header]:
    if not identities:
        return []
    kept = identities if len(identities) <= _REFERENCES else (identities[0], *identities[1 - _REFERENCES :])
    references = "\r\n ".join(kept)  # programs leave out the middle (RFC 5322 §3.6.4 sets no limit)
    return [
        Header.of("In-Reply-To", identities[-1]),
        Header(b"References", b" " + references.encode("ascii")),
    ]
