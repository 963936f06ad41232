"""The MIME entity that is protected: taken out of its message, and made to survive the way.

What is signed must arrive octet for octet.  `canonical` therefore changes what a hop may change
(RFC 8551 §3.1), and only that: a part that is safe keeps its octets, no header field is written anew
but Content-Transfer-Encoding, and nothing inside of what somebody else has signed or encrypted is
touched except line ends, which no hop leaves as they are.  Memory is constant but for the map's edits.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from postseal.body import Body, Spool
from postseal.cms import encoding
from postseal.cms.encoding import LINE, Trait
from postseal.cms.mime import Kind, Part, walk
from postseal.cms.scanner import Scanner
from postseal.message import Header, Message

_OPAQUE = frozenset({"multipart/signed", "multipart/encrypted"})
_WIDE_CHARSETS = ("utf-16", "utf-32", "utf16", "utf32", "ucs-", "iso-10646")
_UNSAFE = ~Trait.BARE_LINE_END
_UNSAFE_ENCODED = Trait.EIGHT_BIT | Trait.LONG_LINE
_LONG_LINE = re.compile(rb"[^\r\n]{%d,}+" % (LINE + 1))

_Recoder = Callable[[Iterable[bytes]], Iterable[bytes]]


def inner(message: Message) -> Message:
    """The MIME entity of *message*: MIME-Version and the Content-* fields as a set, and the body.

    A message without a Content-Type is text/plain (RFC 2045 §5.2), and its entity says so.
    """
    headers = tuple(header for header in message.headers if _of_entity(header))
    if not any(header.named("Content-Type") for header in headers):
        headers += (Header.of("Content-Type", "text/plain"),)
    return Message(headers, message.body)


def outer(message: Message) -> tuple[Header, ...]:
    """The fields of *message* that are not of its entity, in order."""
    return tuple(header for header in message.headers if not _of_entity(header))


def canonical(entity: Message, spool: Spool) -> Message:
    """*entity* as it can be signed: CRLF line ends, 7bit, lines of at most 998 octets.

    Text that is not so becomes quoted-printable, other parts base64; so does what ends lines in
    blanks or begins one with "From ".  A preamble or epilogue that is not so is left out.
    Octets stay 8bit, or a line long, only where no other form is allowed: within what is already
    signed or encrypted, in an encoding we do not know, in message/delivery-status and its like, in a
    multipart without parts, and in header fields.
    Raises Failure(LIMIT) where the map of the entity does.
    """
    edits, bare_line_ends = _edits(entity)
    headers = tuple(_folded_header(header) for header in entity.headers)
    if edits and edits[0].root:
        headers = _encoded_as(headers, edits[0].encoding) if edits[0].encoding else headers
    if not bare_line_ends and not any(edit.changes_body for edit in edits):
        return replace(entity, headers=headers)
    draft = spool.draft()
    for piece in _edited(entity.body, edits):
        draft.write(piece)
    return Message(headers, draft.body())


@dataclass(frozen=True, slots=True)
class _Edit:
    """A part that must change: how its octets are recoded, the encoding its header then names.

    *unclosed*: its header needs the blank line that it lacks.
    """

    root: bool
    container: bool
    head: int
    start: int
    stop: int
    recoder: _Recoder | None
    encoding: str
    unclosed: bool

    @property
    def changes_body(self) -> bool:
        return self.recoder is not None or not self.root


def _edits(entity: Message) -> tuple[list[_Edit], bool]:
    """The parts that must change, in order, and whether a line end anywhere must."""
    edits: list[_Edit] = []
    stays_8bit = not entity.header_block.isascii()
    seen = Trait.NONE
    position = 0
    for number, part in enumerate(walk(entity.headers, entity.body, opaque=_OPAQUE)):
        header = encoding.traits(entity.body.pieces(position, part.start))
        content = encoding.traits(entity.body.pieces(part.start, part.stop))
        recoder, name = _recoding(part, content)
        container = part.kind in {Kind.MULTIPART, Kind.MESSAGE}
        safe = (
            recoder is None and part.identity and not content & _UNSAFE and part.content_type not in _OPAQUE
        )
        if part.encoding != "7bit" and (container or (part.kind is Kind.LEAF and safe)):
            name = "7bit"  # a hop without 8BITMIME recodes what is called 8bit, even if it is not
        # Else a field that the message within gets would join the header around it.
        unclosed = part.kind is Kind.MESSAGE and number > 0 and not _closed(entity.body, part)
        if recoder or name or unclosed or Trait.LONG_LINE in header:
            edits.append(
                _Edit(not number, container, part.head, part.start, part.stop, recoder, name, unclosed)
            )
        stays_8bit |= Trait.EIGHT_BIT in header or (recoder is None and Trait.EIGHT_BIT in content)
        seen |= header | content
        position = part.stop
    if stays_8bit:
        # A multipart is 8bit if anything within is (RFC 2045 §6.4): what it says of itself stays.
        edits = [replace(edit, encoding="") if edit.container else edit for edit in edits]
    return edits, Trait.BARE_LINE_END in seen


def _recoding(part: Part, found: Trait) -> tuple[_Recoder | None, str]:
    """How the octets of *part* are made safe, and the encoding that is new; None: they stay as they are."""
    if part.kind is not Kind.LEAF:
        return (_nothing, "") if found & _UNSAFE else (None, "")
    composite = part.content_type.startswith(("multipart/", "message/"))  # only identities (RFC 2045 §6.4)
    if part.content_type in _OPAQUE or (composite and part.identity):
        return None, ""
    text = part.content_type.startswith("text/") and not part.charset.startswith(_WIDE_CHARSETS)
    rule = _RULES.get(("identity" if part.identity else part.encoding, text))
    return (rule[1], rule[2]) if rule and found & rule[0] else (None, "")


def _edited(body: Body, edits: list[_Edit]) -> Iterator[bytes]:
    """The octets of *body* with *edits* made and CRLF line ends."""
    position = 0
    for edit in edits:
        yield from encoding.crlf(body.pieces(position, edit.head))
        block = body.read(edit.head, edit.start)  # no longer than the scanner's limit
        if edit.encoding and not edit.root:
            headers = Scanner(Body.of(block)).header_block(()).headers
            block = b"".join(header.raw for header in _encoded_as(headers, edit.encoding)) + b"\r\n"
        elif edit.unclosed:
            block += b"\r\n"
        for piece in encoding.crlf([block]):
            yield _LONG_LINE.sub(_folded, piece)
        recoder = edit.recoder or encoding.crlf
        yield from recoder(body.pieces(edit.start, edit.stop))
        position = edit.stop
    yield from encoding.crlf(body.pieces(position))


def _closed(body: Body, part: Part) -> bool:
    """Whether a blank line ends the header block of *part*."""
    last = b"".join(encoding.crlf([body.read(max(part.head, part.start - 4), part.start)]))
    return last.endswith(b"\r\n\r\n") or (last == b"\r\n" and part.start - part.head <= 2)


def _nothing(_: Iterable[bytes]) -> Iterable[bytes]:
    return ()


def _quoted_anew(pieces: Iterable[bytes]) -> Iterable[bytes]:
    return encoding.to_quoted_printable(encoding.from_quoted_printable(pieces))


def _quoted_to_base64(pieces: Iterable[bytes]) -> Iterable[bytes]:
    return encoding.to_base64(encoding.from_quoted_printable(pieces))


# (encoding, whether it is text) → what makes its octets unsafe, how they are recoded, the new encoding
_RULES: dict[tuple[str, bool], tuple[Trait, _Recoder, str]] = {
    ("identity", True): (_UNSAFE, encoding.to_quoted_printable, "quoted-printable"),
    ("identity", False): (~Trait.NONE, encoding.to_base64, "base64"),
    ("quoted-printable", True): (_UNSAFE_ENCODED, _quoted_anew, ""),
    ("quoted-printable", False): (_UNSAFE_ENCODED, _quoted_to_base64, "base64"),
    ("base64", True): (_UNSAFE_ENCODED, encoding.rewrapped_base64, ""),
    ("base64", False): (_UNSAFE_ENCODED, encoding.rewrapped_base64, ""),
}


def _of_entity(header: Header) -> bool:
    name = header.name.rstrip().lower()
    return name.startswith(b"content-") or name == b"mime-version"


def _encoded_as(headers: tuple[Header, ...], name: str) -> tuple[Header, ...]:
    """*headers* with one Content-Transfer-Encoding, *name*, where the first one stood or at the end."""
    field = Header.of("Content-Transfer-Encoding", name)
    others = [header for header in headers if not header.named("Content-Transfer-Encoding")]
    first = (at for at, header in enumerate(headers) if header.named("Content-Transfer-Encoding"))
    before = next(first, len(others))
    return (*others[:before], field, *others[before:])


def _folded_header(header: Header) -> Header:
    """*header* with no line of more than 998 octets, where it has blanks to fold at."""
    if len(header.name) + len(header.value) < LINE:
        return header
    folded = _LONG_LINE.sub(_folded, header.raw)
    return Header(header.name, folded[len(header.name) + 1 : -2])


def _folded(match: re.Match[bytes]) -> bytes:
    """A line with a CRLF before some of its blanks (RFC 5322 §2.2.3); never a line of blanks alone."""
    line = match[0]
    lines = []
    start = 0
    while len(line) - start > LINE:
        cut = max(line.rfind(b" ", start + 1, start + LINE), line.rfind(b"\t", start + 1, start + LINE))
        if cut < 0 or not line[start:cut].strip() or not line[cut:].strip():
            break
        lines.append(line[start:cut])
        start = cut
    return b"\r\n".join([*lines, line[start:]])
