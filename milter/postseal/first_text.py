"""The text that a reader of a message sees first: found, and put back changed.

It is plain text, HTML, or both where they are alternatives.  All other octets of the message stay as they
are.  What is signed or encrypted is not opened: its text is none that anybody may change.
"""

import re
from typing import NamedTuple

from postseal.body import Body, Spool
from postseal.cms import charset as charsets
from postseal.cms import encoding, field
from postseal.cms.mime import Kind, Part, walk
from postseal.cms.scanner import Scanner
from postseal.content import transfer
from postseal.errors import Failure
from postseal.message import Header, Message
from postseal.methods.replacement import OVER_THE_BODY

CLOSED = frozenset(
    {
        *("multipart/signed", "multipart/encrypted"),
        *("application/pkcs7-mime", "application/x-pkcs7-mime"),
    }
)
"""Media types of what is signed or encrypted."""
_LARGEST = 16 << 20
"""Octets of a text that is edited in memory."""
_LINE = 998
_UTF8 = frozenset({"utf-8", "utf8"})
_BODY_BEGIN = re.compile(rb"<body(?=[\s>])", re.IGNORECASE)


class New(NamedTuple):
    """The octets of a part's new content.

    *charset*, *encoding*: what it has now, "" where that stays.  *parameter*: one more of its Content-Type,
    *lost*: the name of one that goes.
    """

    octets: bytes
    charset: str = ""
    encoding: str = ""
    parameter: str = ""
    lost: str = ""


def nodes(message: Message) -> list[Part]:
    """All parts of *message*.  Raises Failure(LIMIT) if it has more than can be looked at."""
    return list(walk(message.headers, message.body, opaque=CLOSED))


def shown(nodes: list[Part]) -> list[Part]:
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


def decoded(message: Message, part: Part) -> bytes | None:
    """The octets of *part*, if they are of a size, an encoding and a kind that can be edited."""
    if part.stop - part.start > _LARGEST:
        return None
    try:
        old = transfer.decoded(message.body.read(part.start, part.stop), part)
    except Failure:
        return None
    return None if b"-----BEGIN PGP " in old else old


def taking(part: Part, old: bytes, addition: str) -> tuple[bytes, str] | None:
    """The octets *old* of *part* in a charset that has *addition*, and its name, "" if it stays as it is.

    None if it cannot be told what they say.
    """
    if part.charset in _UTF8 or (addition.isascii() and _like_ascii(part.charset)):
        return old, ""
    text = charsets.decoded(old, part.charset or "us-ascii")
    if text is None or "\ufffd" in text or (not part.charset and not old.isascii()):
        return None
    return text.encode("utf-8", "replace"), "utf-8"


def for_html(part: Part, addition: str) -> str:
    """*addition* as HTML in the charset of *part* can have it."""
    return (
        addition if part.charset in _UTF8 else addition.encode("ascii", "xmlcharrefreplace").decode("ascii")
    )


def encoded(part: Part, octets: bytes, *, charset: str = "", parameter: str = "", lost: str = "") -> New:
    """*octets* as new content of *part*, in its transfer encoding if they can travel so."""
    if part.encoding == "base64":
        return New(b"".join(encoding.to_base64([octets])), charset, "", parameter, lost)
    fits = max(map(len, octets.splitlines()), default=0) <= _LINE and b"\0" not in octets
    if part.identity and fits and (octets.isascii() or part.encoding != "7bit"):
        return New(octets, charset, "", parameter, lost)
    name = "" if part.encoding == "quoted-printable" else "quoted-printable"
    return New(b"".join(encoding.to_quoted_printable([octets])), charset, name, parameter, lost)


def begin(html: bytes) -> int:
    """Where the body of *html* begins, or the text that has none."""
    found = _BODY_BEGIN.search(html)
    # Only the first one is looked at: each might have to be searched to the end for its ">".
    return html.find(b">", found.end()) + 1 if found else 0


def put(message: Message, changes: list[tuple[Part, New]], spool: Spool) -> Message:
    """*message* with the new contents; what vouched for the old ones goes."""
    headers = message.headers
    draft = spool.draft()
    position = 0
    for part, new in changes:
        if not part.depth:
            headers = _described(headers, part, new)
        else:
            for piece in message.body.pieces(position, part.head):
                draft.write(piece)
            block = message.body.read(part.head, part.start)
            if any(new[1:]):
                own = Scanner(Body.of(block)).header_block(()).headers
                block = b"".join(each.raw for each in _described(own, part, new)) + b"\r\n"
            draft.write(block)
        # The line end before a delimiter belongs to the delimiter.
        draft.write(new.octets.removesuffix(b"\r\n") if part.depth else new.octets)
        position = part.stop
    for piece in message.body.pieces(position):
        draft.write(piece)
    return Message(headers, draft.body()).without(*OVER_THE_BODY)


def _described(headers: tuple[Header, ...], part: Part, new: New) -> tuple[Header, ...]:
    """*headers* of a part that has *new* content."""
    types = [header for header in headers if header.named("Content-Type")]
    if new.charset or (new.parameter and not types):
        given = field.parametrized(types[0].value).parameters if types else {}
        kept = {key: value for key, value in given.items() if key in {"format", "delsp"} and value.isalpha()}
        words = [part.content_type, f"charset={new.charset or 'us-ascii'}"]
        words += [f"{key}={value.decode()}" for key, value in kept.items()]
        headers = _replaced(
            headers, Header.of("Content-Type", "; ".join([*words, *filter(None, [new.parameter])]))
        )
    elif new.parameter:
        value = types[0].value.rstrip(b" \t\r\n;") + b";\r\n " + new.parameter.encode("ascii")
        headers = _replaced(headers, Header(types[0].name, value))
    elif new.lost and types:
        one = re.compile(
            rb';\s*+%b=(?:"[^"]*+"|[^;\s]*+)' % re.escape(new.lost.encode("ascii")), re.IGNORECASE
        )
        headers = _replaced(headers, Header(types[0].name, one.sub(b"", types[0].value)))
    if new.encoding:
        headers = _replaced(headers, Header.of("Content-Transfer-Encoding", new.encoding))
    changed = new.charset or new.encoding or new.parameter
    if changed and not part.depth and not any(header.named("MIME-Version") for header in headers):
        headers += (Header.of("MIME-Version", "1.0"),)
    return headers


def _replaced(headers: tuple[Header, ...], new: Header) -> tuple[Header, ...]:
    name = new.name.decode("ascii")
    others = tuple(header for header in headers if not header.named(name))
    at = next((at for at, header in enumerate(headers) if header.named(name)), len(headers))
    return (*others[:at], new, *others[at:])


def _like_ascii(charset: str) -> bool:
    """Whether ASCII text may stand anywhere in text of *charset*."""
    if charset.startswith(("iso-2022", "utf-16", "utf-32")) or charsets.doubtful(charset):
        return False
    return charsets.decoded(b"", charset or "us-ascii") is not None
