"""Disclaimers: text of ours in somebody else's message.

The text goes into the parts that a reader sees first: plain text, HTML, or both where they are
alternatives.  All other octets stay as they are.  Nothing is written into what is signed or encrypted;
there the disclaimer's fallback says whether the message is wrapped, left alone or refused.  Where no part
can take the text, it becomes a part of its own; a message that is only a calendar entry stays alone.
"""

import html
import re
import secrets
from collections.abc import Callable, Iterator
from email.utils import parseaddr

from postseal import first_text
from postseal.body import Body, Spool
from postseal.cms import encoding, entity, field
from postseal.cms.mime import Kind, Part, walk
from postseal.content import transfer
from postseal.errors import Failure
from postseal.first_text import CLOSED, New
from postseal.message import Header, Message
from postseal.methods.replacement import OVER_THE_BODY
from postseal.treatment import Disclaimer, Fallback, Side

_OWN = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TOKEN = re.compile("%%(.*?)%%")


def closed(message: Message) -> bool:
    """Whether *message* says that it is signed or encrypted; nothing may be written into it then."""
    outer = next(iter(walk(message.headers, message.body)))
    if outer.content_type in CLOSED:
        return True
    if outer.kind is not Kind.LEAF or not outer.content_type.startswith("text/"):
        return False
    try:
        return b"-----BEGIN PGP " in transfer.decoded(message.body.read(outer.start, outer.stop), outer)
    except Failure:
        return False


def disclaimed(message: Message, disclaimer: Disclaimer, spool: Spool) -> Message:
    """*message* with *disclaimer*.  Raises Failure(LIMIT) if it has more parts than can be looked at."""
    disclaimer = _filled(disclaimer, message)
    if closed(message):
        return message if disclaimer.fallback is Fallback.IGNORE else _wrapped(message, disclaimer, spool)
    nodes = first_text.nodes(message)
    if nodes[0].content_type == "text/calendar":  # within anything else it would not be acted upon
        return message
    parts = first_text.shown(nodes)
    contents = [_content(message, part, disclaimer) for part in parts]
    if not contents or None in contents:
        return _beside(message, disclaimer, spool)
    return first_text.put(
        message, [(part, new) for part, new in zip(parts, contents, strict=True) if new], spool
    )


def _filled(disclaimer: Disclaimer, message: Message) -> Disclaimer:
    author = field.text(message.first("From") or b"")
    name, address = parseaddr("".join(each if each.isprintable() else " " for each in author))
    date = field.text(message.first("Date") or b"")
    values = {"DisplayName": name, "Email": address, "From": author, "Date": date}

    def fill(text: str, written: Callable[[str], str]) -> str:
        return _TOKEN.sub(lambda token: written(values.get(token[1], token[0])), text)

    return Disclaimer(
        fill(disclaimer.text, str), fill(disclaimer.html, html.escape), disclaimer.side, disclaimer.fallback
    )


def _content(message: Message, part: Part, disclaimer: Disclaimer) -> New | None:
    """*part* with *disclaimer*, or None if it cannot take it."""
    old = first_text.decoded(message, part)
    if old is None:
        return None
    is_html = part.content_type == "text/html"
    addition = first_text.for_html(part, disclaimer.html) if is_html else disclaimer.text
    taking = first_text.taking(part, old, addition)
    if taking is None:
        return None
    old, charset = taking
    written = "\r\n".join(line.rstrip() for line in addition.splitlines()).encode("utf-8", "replace")
    new = (_in_html if is_html else _in_text)(old, written, disclaimer.side)
    return first_text.encoded(part, new, charset=charset)


def _in_text(old: bytes, new: bytes, side: Side) -> bytes:
    if side is Side.PREPEND:
        return new + b"\r\n\r\n" + old
    gap = b"" if not old or old.endswith(b"\n") else b"\r\n"
    return old + gap + b"\r\n" + new + b"\r\n"


def _in_html(old: bytes, new: bytes, side: Side) -> bytes:
    if side is Side.PREPEND:
        at = first_text.begin(old)
    else:
        lower = old.lower()
        ends = (lower.rfind(end) for end in (b"</body", b"</html"))
        at = next((end for end in ends if end >= 0), len(old))
    return old[:at] + b"\r\n<div>" + new + b"</div>\r\n" + old[at:]


def _beside(message: Message, disclaimer: Disclaimer, spool: Spool) -> Message:
    """*message* as one part of a multipart, the disclaimer as the other; the old part keeps its octets."""
    inner = entity.inner(message)
    block = inner.without("MIME-Version").header_block
    return _mixed(message, _own(disclaimer), (block + b"\r\n", inner.body), spool=spool, side=disclaimer.side)


def _wrapped(message: Message, disclaimer: Disclaimer, spool: Spool) -> Message:
    """A new message with the disclaimer and, attached, *message* as it came."""
    original = message.without("Bcc", "Resent-Bcc")
    head = b"Content-Type: message/rfc822\r\n"
    if not all(piece.isascii() for piece in original.pieces()):
        head += b"Content-Transfer-Encoding: 8bit\r\n"
    head += b"\r\n" + original.header_block + b"\r\n"
    return _mixed(original, _own(disclaimer), (head, original.body), spool=spool, side=Side.PREPEND)


def _mixed(message: Message, own: bytes, part: tuple[bytes, Body], *, spool: Spool, side: Side) -> Message:
    """*message* with *part* and, on that *side* of it, *own* as its MIME entity."""
    boundary = b"=_" + secrets.token_hex(16).encode("ascii")  # nobody can have guessed it
    begin, end = b"--%b\r\n" % boundary, b"\r\n--%b--\r\n" % boundary
    head, body = part
    draft = spool.draft()
    pieces: list[Iterator[bytes]] = [iter([head]), body.pieces()]
    if side is Side.PREPEND:
        pieces = [iter([begin, own, b"\r\n", begin]), *pieces, iter([end])]
    else:
        pieces = [iter([begin]), *pieces, iter([b"\r\n", begin, own, end])]
    eight_bit = False
    for piece in (piece for several in pieces for piece in several):
        eight_bit = eight_bit or not piece.isascii()
        draft.write(piece)
    kept = Message(entity.outer(message), draft.body()).without(*OVER_THE_BODY)
    content = [Header.of("Content-Type", f'multipart/mixed; boundary="{boundary.decode("ascii")}"')]
    if eight_bit:
        content.append(Header.of("Content-Transfer-Encoding", "8bit"))
    return kept.adding(Header.of("MIME-Version", "1.0"), *content)


def _own(disclaimer: Disclaimer) -> bytes:
    """The disclaimer as a part of its own, without the last line end."""
    octets = "\r\n".join(disclaimer.text.splitlines()).encode("utf-8", "replace")
    return _OWN + b"".join(encoding.to_quoted_printable([octets]))
