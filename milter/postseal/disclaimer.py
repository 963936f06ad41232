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

from postseal.body import Body, Spool
from postseal.cms import charset as charsets
from postseal.cms import encoding, entity, field
from postseal.cms.mime import Kind, Part, walk
from postseal.cms.scanner import Scanner
from postseal.content import transfer
from postseal.errors import Failure
from postseal.message import Header, Message
from postseal.methods.replacement import OVER_THE_BODY
from postseal.treatment import Disclaimer, Fallback, Side

_CLOSED = frozenset(
    {
        *("multipart/signed", "multipart/encrypted"),
        *("application/pkcs7-mime", "application/x-pkcs7-mime"),
    }
)
_LARGEST = 16 << 20
"""Octets of a text that is edited in memory."""
_LINE = 998
_OWN = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
_TOKEN = re.compile("%%(.*?)%%")
_BODY_BEGIN = re.compile(rb"<body(?=[\s>])", re.IGNORECASE)
_UTF8 = frozenset({"utf-8", "utf8"})


def closed(message: Message) -> bool:
    """Whether *message* says that it is signed or encrypted; nothing may be written into it then."""
    outer = next(iter(walk(message.headers, message.body)))
    if outer.content_type in _CLOSED:
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
    nodes = list(walk(message.headers, message.body, opaque=_CLOSED))
    if nodes[0].content_type == "text/calendar":  # within anything else it would not be acted upon
        return message
    parts = _shown(nodes)
    contents = [_content(message, part, disclaimer) for part in parts]
    if not contents or None in contents:
        return _beside(message, disclaimer, spool)
    return _put(message, [(part, new) for part, new in zip(parts, contents, strict=True) if new], spool)


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


def _shown(nodes: list[Part]) -> list[Part]:
    """The parts that a reader sees first, of alternatives all."""

    def below(index: int) -> list[int]:
        found = []
        for at in range(index + 1, len(nodes)):
            if nodes[at].depth <= nodes[index].depth:
                break
            if nodes[at].depth == nodes[index].depth + 1 and nodes[at].kind is not Kind.EPILOGUE:
                found.append(at)
        return found

    def seen(index: int) -> list[Part]:
        part = nodes[index]
        if part.kind is Kind.LEAF:
            return [part] if _is_text(part) else []
        if part.kind is not Kind.MULTIPART or part.defect:
            return []
        inside = below(index)
        chosen = inside if part.content_type == "multipart/alternative" else inside[:1]
        return [each for at in chosen for each in seen(at)]

    return seen(0)


def _is_text(part: Part) -> bool:
    attached = any(
        header.value.strip().lower().startswith(b"attachment")
        for header in part.headers
        if header.named("Content-Disposition")
    )
    plain = part.content_type in {"text/plain", "text/html"}
    return plain and not attached and not part.filename and not part.defect


_New = tuple[bytes, str, str]
"""The octets of a part's new content; its new charset and transfer encoding, "" where they stay."""


def _content(message: Message, part: Part, disclaimer: Disclaimer) -> _New | None:
    """*part* with *disclaimer*, or None if it cannot take it."""
    old = _decoded(message, part)
    if old is None:
        return None
    is_html = part.content_type == "text/html"
    addition = disclaimer.html if is_html else disclaimer.text
    if is_html and part.charset not in _UTF8:
        addition = addition.encode("ascii", "xmlcharrefreplace").decode("ascii")
    charset = ""
    if not (part.charset in _UTF8 or (addition.isascii() and _like_ascii(part.charset))):
        text = charsets.decoded(old, part.charset or "us-ascii")
        if text is None or "\ufffd" in text or (not part.charset and not old.isascii()):
            return None
        old, charset = text.encode("utf-8", "replace"), "utf-8"
    written = "\r\n".join(line.rstrip() for line in addition.splitlines()).encode("utf-8", "replace")
    new = (_in_html if is_html else _in_text)(old, written, disclaimer.side)
    if part.encoding == "base64":
        return b"".join(encoding.to_base64([new])), charset, ""
    fits = max(map(len, new.splitlines()), default=0) <= _LINE and b"\0" not in new
    if part.identity and fits and (new.isascii() or part.encoding != "7bit"):
        return new, charset, ""
    name = "" if part.encoding == "quoted-printable" else "quoted-printable"
    return b"".join(encoding.to_quoted_printable([new])), charset, name


def _decoded(message: Message, part: Part) -> bytes | None:
    """The octets of *part*, if they are of a size, an encoding and a kind that can be edited."""
    if part.stop - part.start > _LARGEST:
        return None
    try:
        old = transfer.decoded(message.body.read(part.start, part.stop), part)
    except Failure:
        return None
    return None if b"-----BEGIN PGP " in old else old


def _like_ascii(charset: str) -> bool:
    """Whether ASCII text may stand anywhere in text of *charset*."""
    if charset.startswith(("iso-2022", "utf-16", "utf-32")) or charsets.doubtful(charset):
        return False
    return charsets.decoded(b"", charset or "us-ascii") is not None


def _in_text(old: bytes, new: bytes, side: Side) -> bytes:
    if side is Side.PREPEND:
        return new + b"\r\n\r\n" + old
    gap = b"" if not old or old.endswith(b"\n") else b"\r\n"
    return old + gap + b"\r\n" + new + b"\r\n"


def _in_html(old: bytes, new: bytes, side: Side) -> bytes:
    if side is Side.PREPEND:
        begin = _BODY_BEGIN.search(old)
        # Only the first one is looked at: each might have to be searched to the end for its ">".
        at = old.find(b">", begin.end()) + 1 if begin else 0
    else:
        lower = old.lower()
        ends = (lower.rfind(end) for end in (b"</body", b"</html"))
        at = next((end for end in ends if end >= 0), len(old))
    return old[:at] + b"\r\n<div>" + new + b"</div>\r\n" + old[at:]


def _put(message: Message, changes: list[tuple[Part, _New]], spool: Spool) -> Message:
    """*message* with the new contents; what vouched for the old ones goes."""
    headers = message.headers
    draft = spool.draft()
    position = 0
    for part, (content, charset, name) in changes:
        if not part.depth:
            headers = _described(headers, part, charset, name)
        else:
            for piece in message.body.pieces(position, part.head):
                draft.write(piece)
            block = message.body.read(part.head, part.start)
            if charset or name:
                own = Scanner(Body.of(block)).header_block(()).headers
                block = b"".join(each.raw for each in _described(own, part, charset, name)) + b"\r\n"
            draft.write(block)
        # The line end before a delimiter belongs to the delimiter.
        draft.write(content.removesuffix(b"\r\n") if part.depth else content)
        position = part.stop
    for piece in message.body.pieces(position):
        draft.write(piece)
    return Message(headers, draft.body()).without(*OVER_THE_BODY)


def _described(headers: tuple[Header, ...], part: Part, charset: str, name: str) -> tuple[Header, ...]:
    """*headers* of a part that has another charset or transfer encoding now."""
    if charset:
        types = [header for header in headers if header.named("Content-Type")]
        given = field.parametrized(types[0].value).parameters if types else {}
        kept = {key: value for key, value in given.items() if key in {"format", "delsp"} and value.isalpha()}
        words = [part.content_type, f"charset={charset}", *(f"{k}={v.decode()}" for k, v in kept.items())]
        headers = _replaced(headers, Header.of("Content-Type", "; ".join(words)))
    if name:
        headers = _replaced(headers, Header.of("Content-Transfer-Encoding", name))
    if (charset or name) and not part.depth and not any(header.named("MIME-Version") for header in headers):
        headers += (Header.of("MIME-Version", "1.0"),)
    return headers


def _replaced(headers: tuple[Header, ...], new: Header) -> tuple[Header, ...]:
    name = new.name.decode("ascii")
    others = tuple(header for header in headers if not header.named(name))
    at = next((at for at, header in enumerate(headers) if header.named(name)), len(headers))
    return (*others[:at], new, *others[at:])


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
