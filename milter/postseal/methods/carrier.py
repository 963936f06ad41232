"""The mail that carries a sealed message: what stays outside, and what tells the reader how to open it.

Outside stay only the fields that mail cannot do without, that threads and delivery need, or that a rule
wrote; everything else is inside, where it belongs with the text: a `Thread-Topic` is the subject again.  All
of it is 7bit, in short lines, so no hop changes it and it can be signed by DKIM as it is.
"""

import secrets
from collections.abc import Iterable, Iterator
from email.header import Header as EncodedText
from typing import Final

from postseal.body import Spool
from postseal.branding.logo import Logo
from postseal.cms import encoding, field
from postseal.message import Header, Message
from postseal.methods.carrier_page import LOGO, carrier_page
from postseal.methods.cover import Cover, Section, sections
from postseal.methods.envelope_page import page
from postseal.treatment import AddHeader, HeaderEdit, SetHeader

_OUTSIDE: Final = (
    *("Return-Path", "Received", "Delivered-To"),
    *("Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References"),
    *("Resent-Date", "Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Message-ID"),
    *("Auto-Submitted", "Precedence", "Importance", "Priority", "X-Priority"),
    *(
        "List-Id",
        "List-Post",
        "List-Help",
        "List-Unsubscribe",
        "List-Subscribe",
        "List-Archive",
        "List-Owner",
    ),
)
KEEP: Final = "keep"
_OVER_THE_TEXT: Final = frozenset({"subject", "comments", "keywords", "thread-topic", "bcc"})


def carrier(message: Message, cover: Cover, edits: Iterable[HeaderEdit], spool: Spool) -> Message:
    """The mail that carries *message* as *cover* says.  *edits*: what rules wrote into its header."""
    boundary = b"=_" + secrets.token_hex(16).encode("ascii")
    draft = spool.draft()
    for piece in written(message, cover, boundary):
        draft.write(piece)
    named = [edit.name for edit in edits if isinstance(edit, SetHeader | AddHeader)]
    names = (*_OUTSIDE, *(name for name in named if name.lower() not in _OVER_THE_TEXT))
    kept = [header for header in message.headers if header.named(*names) or _is_subject(header, cover)]
    if cover.subject != KEEP:
        kept.append(_subject(cover.subject))
    kind = f'multipart/mixed; boundary="{boundary.decode("ascii")}"'
    return Message((*kept, Header.of("MIME-Version", "1.0"), Header.of("Content-Type", kind)), draft.body())


def _is_subject(header: Header, cover: Cover) -> bool:
    return cover.subject == KEEP and header.named("Subject")


def _subject(text: str) -> Header:
    if text.isascii():
        return Header.of("Subject", text)
    encoded = EncodedText(text, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return Header(b"Subject", b" " + encoded.encode("ascii"))


def written(message: Message, cover: Cover, boundary: bytes) -> Iterator[bytes]:
    """The body of the mail that carries *message*, of which only the author counts here."""
    found, inner = sections(cover, _author(message)), boundary + b"a"
    yield b'--%b\r\nContent-Type: multipart/alternative; boundary="%b"\r\n\r\n' % (boundary, inner)
    yield b"--%b\r\n" % inner
    yield from _text(b"plain", _plain(cover, found))
    yield b"--%b\r\n" % inner
    html = carrier_page(cover, found)
    if cover.branding.logo:
        yield from _related(html, cover.branding.logo, boundary + b"b")
    else:
        yield from _text(b"html", html)
    yield b"--%b--\r\n\r\n" % inner
    if cover.container is not None:
        yield b'--%b\r\nContent-Type: text/html; charset=us-ascii; name="message.html"\r\n' % boundary
        yield b"Content-Transfer-Encoding: 7bit\r\n"
        yield b'Content-Disposition: attachment; filename="message.html"\r\n\r\n'
        yield from page(cover, found, cover.container)
        yield b"\r\n"
    yield b"--%b--\r\n" % boundary


def _text(kind: bytes, text: str) -> Iterator[bytes]:
    yield b"Content-Type: text/%b; charset=utf-8\r\n" % kind
    yield b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    yield from encoding.to_quoted_printable([text.encode("utf-8", "replace")])
    yield b"\r\n"


def _related(html: str, logo: Logo, boundary: bytes) -> Iterator[bytes]:
    """*html* and the picture in it: mail programs show no `data:` URL, and ask before they fetch anything."""
    yield b'Content-Type: multipart/related; type="text/html"; boundary="%b"\r\n\r\n' % boundary
    yield b"--%b\r\n" % boundary
    yield from _text(b"html", html)
    yield b"--%b\r\nContent-Type: %b\r\nContent-ID: <%b>\r\n" % (
        *(boundary, logo.kind.encode("ascii")),
        LOGO.encode("ascii"),
    )
    ending = logo.kind.rpartition("/")[2].encode("ascii")
    yield b'Content-Disposition: inline; filename="logo.%b"\r\n' % ending
    yield b"Content-Transfer-Encoding: base64\r\n\r\n"
    yield from encoding.to_base64([logo.octets])
    yield b"\r\n--%b--\r\n" % boundary


def _plain(cover: Cover, found: list[Section]) -> str:
    text = "\n\n* * *\n\n".join("\n\n".join(filter(None, _lines(cover, each))) for each in found)
    below = list(filter(None, (*(each.disclaimer for each in found), cover.branding.privacy)))
    return "\n\n".join([text, *(["-- ", *below] if below else [])]) + "\n"


def _lines(cover: Cover, section: Section) -> Iterator[str]:
    words = section.wording
    yield section.plain(section.sent)
    yield section.introduction
    if section.until:
        yield section.plain(section.until)
    yield words.code
    yield words.attached if cover.container is not None else words.linked
    if cover.online:
        if cover.container is not None:
            yield words.or_online
        yield cover.link
    yield section.text


def _author(message: Message) -> str:
    """The one address of From; what is written around it is the sender's, and could be anything."""
    authors = message.all("From")
    address = field.mailbox(authors[0].value) if len(authors) == 1 else ""
    return address if address.isprintable() and len(address) <= 320 else ""
