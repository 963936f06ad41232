"""The mail that carries a sealed message: what stays outside, and what tells the reader how to open it.

Outside stay only the fields that mail cannot do without, that threads and delivery need, or that a rule
wrote; everything else is inside, where it belongs with the text: a `Thread-Topic` is the subject again.  All
of it is 7bit, in short lines, so no hop changes it and it can be signed by DKIM as it is.
"""

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from email.header import Header as EncodedText
from html import escape
from typing import Final

from postseal.body import Body, Spool
from postseal.cms import encoding, field
from postseal.message import Header, Message
from postseal.methods.envelope_page import page
from postseal.methods.wording import WORDINGS, Wording
from postseal.settings_ome import Brand
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
_KEEP: Final = "keep"
_OVER_THE_TEXT: Final = frozenset({"subject", "comments", "keywords", "thread-topic", "bcc"})
_HTML: Final = """\
<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>
<body style="margin:0;font-family:sans-serif;line-height:1.5">
<div style="max-width:34em;margin:0 auto;padding:1.5em;border-top:6px solid {color}">
<h1 style="font-size:1.3em">{title}</h1>
{paragraphs}
{button}
{disclaimer}
</div></body></html>
"""
_BUTTON: Final = """\
<p><a href="{link}"
 style="display:inline-block;padding:.7em 1.4em;border:2px solid {color};border-radius:.5em;font-weight:bold"
>{word}</a></p>
"""


@dataclass(frozen=True, slots=True)
class Cover:
    """What is written around one sealed message.

    *link*: to the portal.  *online*: whether the link leads to a copy.  *container*: what is attached, None
    for the form with the link alone.  *until*: None if it can be read for ever.
    """

    brand: Brand
    portal_name: str
    link: str
    online: bool
    container: Body | None
    until: datetime | None
    subject: str


def carrier(message: Message, cover: Cover, edits: Iterable[HeaderEdit], spool: Spool) -> Message:
    """The mail that carries *message* as *cover* says.  *edits*: what rules wrote into its header."""
    boundary = b"=_" + secrets.token_hex(16).encode("ascii")
    draft = spool.draft()
    for piece in written(message, cover, boundary):
        draft.write(piece)
    named = [edit.name for edit in edits if isinstance(edit, SetHeader | AddHeader)]
    names = (*_OUTSIDE, *(name for name in named if name.lower() not in _OVER_THE_TEXT))
    kept = [header for header in message.headers if header.named(*names) or _is_subject(header, cover)]
    if cover.subject != _KEEP:
        kept.append(_subject(cover.subject))
    kind = f'multipart/mixed; boundary="{boundary.decode("ascii")}"'
    return Message((*kept, Header.of("MIME-Version", "1.0"), Header.of("Content-Type", kind)), draft.body())


def _is_subject(header: Header, cover: Cover) -> bool:
    return cover.subject == _KEEP and header.named("Subject")


def _subject(text: str) -> Header:
    if text.isascii():
        return Header.of("Subject", text)
    encoded = EncodedText(text, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return Header(b"Subject", b" " + encoded.encode("ascii"))


def written(message: Message, cover: Cover, boundary: bytes) -> Iterator[bytes]:
    """The body of the mail that carries *message*, of which only the author counts here."""
    wording = WORDINGS[cover.brand.language]
    inner = boundary + b"a"
    yield b'--%b\r\nContent-Type: multipart/alternative; boundary="%b"\r\n\r\n' % (boundary, inner)
    author = _author(message)
    for kind, text in (("plain", _plain(cover, wording, author)), ("html", _html(cover, wording, author))):
        yield b"--%b\r\nContent-Type: text/%b; charset=utf-8\r\n" % (inner, kind.encode())
        yield b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        yield from encoding.to_quoted_printable([text.encode("utf-8", "replace")])
        yield b"\r\n"
    yield b"--%b--\r\n\r\n" % inner
    if cover.container is not None:
        yield b'--%b\r\nContent-Type: text/html; charset=us-ascii; name="message.html"\r\n' % boundary
        yield b"Content-Transfer-Encoding: 7bit\r\n"
        yield b'Content-Disposition: attachment; filename="message.html"\r\n\r\n'
        if not cover.online:
            wording = replace(wording, online="")
        said = [_sent(cover, wording, author), wording.file.format(name=cover.portal_name), wording.code]
        said += [_until(cover, wording), cover.brand.introduction]
        yield from page(
            cover.container.pieces(), paragraphs=said, wording=wording, brand=cover.brand, link=cover.link
        )
        yield b"\r\n"
    yield b"--%b--\r\n" % boundary


def _paragraphs(cover: Cover, wording: Wording, author: str) -> list[str]:
    how = wording.attached if cover.container is not None else wording.linked
    return [
        _sent(cover, wording, author),
        cover.brand.introduction,
        _until(cover, wording),
        wording.code,
        how,
    ]


def _plain(cover: Cover, wording: Wording, author: str) -> str:
    paragraphs = [each for each in _paragraphs(cover, wording, author) if each]
    if cover.online:
        if cover.container is not None:
            paragraphs.append(wording.or_online)
        paragraphs.append(cover.link)
    if cover.brand.disclaimer:
        paragraphs += ["-- ", cover.brand.disclaimer]
    return "\n\n".join(paragraphs) + "\n"


def _html(cover: Cover, wording: Wording, author: str) -> str:
    color = cover.brand.color
    paragraphs = [f"<p>{_escaped(each)}</p>" for each in _paragraphs(cover, wording, author) if each]
    word = wording.online if cover.container is not None else wording.open
    button = _BUTTON.format(link=escape(cover.link), color=color, word=escape(word)) if cover.online else ""
    disclaimer = f"<p><small>{_escaped(cover.brand.disclaimer)}</small></p>" if cover.brand.disclaimer else ""
    return _HTML.format(
        language=cover.brand.language.value,
        title=escape(wording.title),
        color=color,
        paragraphs="\n".join(paragraphs),
        button=button,
        disclaimer=disclaimer,
    )


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")


def _sent(cover: Cover, wording: Wording, author: str) -> str:
    return wording.sent.format(author=author, name=cover.portal_name)


def _until(cover: Cover, wording: Wording) -> str:
    # Numbers in the order of ISO 8601 are read the same way in every language.
    return wording.until.format(until=f"{cover.until:%Y-%m-%d %H:%M} UTC") if cover.until else ""


def _author(message: Message) -> str:
    """The one address of From; what is written around it is the sender's, and could be anything."""
    authors = message.all("From")
    address = field.mailbox(authors[0].value) if len(authors) == 1 else ""
    return address if address.isprintable() and len(address) <= 320 else ""
