"""The map of a message's MIME parts: what each says it is and where its octets lie (RFC 2045, RFC 2046).

The map is made in one pass over the body, in time linear in its size, and holds no content.  It
covers every octet but the delimiter lines.  No octets make it raise, except that more parts, deeper
nesting or a longer header block than the limits allow raise Failure(LIMIT): a caller that must see
everything then knows that it has not.

CRLF, LF and CR all end a line here, as they do for the mail programs that disagree about it; the
canonical form that is signed turns all three into CRLF and therefore has the same map.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from postseal.body import Body
from postseal.cms import field as fields
from postseal.cms.scanner import HeaderBlock, Scanner
from postseal.errors import Cause, Failure
from postseal.message import Header, Message

PARTS = 20_000
"""Nodes of one map: far more than people send, few enough to be walked in a second."""

DEPTH = 100
"""Levels of multiparts and messages within each other."""

_IDENTITIES = frozenset({"7bit", "8bit", "binary"})
_MESSAGES = frozenset({"message/rfc822", "message/global"})


class Kind(Enum):
    """What a node of the map is."""

    LEAF = auto()
    MULTIPART = auto()  # its octets are the preamble; its parts follow
    MESSAGE = auto()  # message/rfc822 or message/global; it has no octets of its own, its entity follows
    EPILOGUE = auto()  # what follows a close delimiter; it has no header


@dataclass(frozen=True, slots=True)
class Part:
    """One entity, or the epilogue of one.

    *head*: where its header block begins; *start*:*stop*: its own octets.  For the outermost entity,
    whose header is the message's, *head* and *start* are both 0.
    *content_type*: `type/subtype` in lower case, "text/plain" where RFC 2045 §5.2 says so.
    *charset*, *filename*: "" where none is given; *encoding*: the Content-Transfer-Encoding in lower case.
    *defect*: why mail programs may read this part in another way than the map does, "" if there is no reason.
    """

    kind: Kind
    headers: tuple[Header, ...] = field(repr=False)
    head: int
    start: int
    stop: int
    depth: int
    content_type: str = "text/plain"
    charset: str = ""
    encoding: str = "7bit"
    filename: str = ""
    boundary: bytes = b""
    defect: str = ""

    @property
    def identity(self) -> bool:
        """Whether the octets are the content itself: 7bit, 8bit or binary."""
        return self.encoding in _IDENTITIES


def parts(message: Message, *, limit: int = PARTS, depth: int = DEPTH) -> Iterator[Part]:
    """The leaves of *message* in order: everything that a mail program can show or save.

    A multipart in which no delimiter is found is itself a leaf, as is an encoded message/rfc822
    (RFC 2046 §5.2.1 forbids it; some programs open it all the same).
    Raises Failure(LIMIT) after *limit* nodes and at more than *depth* levels.
    """
    for part in walk(message.headers, message.body, limit=limit, depth=depth):
        if part.kind is Kind.LEAF:
            yield part


def walk(
    headers: Sequence[Header],
    body: Body,
    *,
    opaque: frozenset[str] = frozenset(),
    limit: int = PARTS,
    depth: int = DEPTH,
) -> Iterator[Part]:
    """All nodes of the entity of *headers* and *body*, parents before their parts.

    *opaque*: content types that are leaves whatever they contain.
    """
    for number, part in enumerate(_Walk(body, opaque, depth).nodes(tuple(headers)), start=1):
        if number > limit:
            raise Failure(Cause.LIMIT, f"the message has more than {limit} MIME parts")
        yield part


@dataclass(frozen=True, slots=True)
class _Level:
    """An open multipart.

    *marks*: every line that is a delimiter here, its own and those of the multiparts around it →
    the level it belongs to, and whether it closes it.  *default*: the content type of its parts.
    """

    marks: Mapping[bytes, tuple[int, bool]]
    depth: int
    default: str


class _Walk:
    """One pass over a body."""

    def __init__(self, body: Body, opaque: frozenset[str], depth: int) -> None:
        self._scanner = Scanner(body)
        self._size = body.size
        self._opaque = opaque
        self._depth = depth
        self._levels: list[_Level] = []

    def nodes(self, headers: tuple[Header, ...]) -> Iterator[Part]:
        """Every node, in order."""
        scanner, levels = self._scanner, self._levels
        current = yield from self._entity(self._part(HeaderBlock(headers, 0, ""), 0, 0, "text/plain"))
        while levels and (mark := scanner.delimiter(levels[-1].marks)):
            index, closes = levels[-1].marks[mark.text]
            opens_first = index == len(levels) - 1 and not closes
            yield _ended(current, mark.before) if opens_first else _ended_without_parts(current, mark.before)
            level = levels[index]
            del levels[index + 1 :]
            if closes:
                levels.pop()
                current = Part(Kind.EPILOGUE, (), mark.after, mark.after, mark.after, level.depth, "")
                continue
            block = scanner.header_block(level.marks)
            current = yield from self._entity(self._part(block, mark.after, level.depth + 1, level.default))
        yield _ended_without_parts(current, self._size)

    def _part(self, block: HeaderBlock, head: int, depth: int, default: str) -> Part:
        """The part whose header *block* begins at *head*, as an empty leaf."""
        if depth > self._depth:
            raise Failure(Cause.LIMIT, f"the message has more than {self._depth} levels of MIME parts")
        values: dict[bytes, list[bytes]] = {}
        for header in block.headers:
            values.setdefault(header.name.rstrip().lower(), []).append(header.value)
        types = values.get(b"content-type", [])
        encodings = values.get(b"content-transfer-encoding", [])
        dispositions = values.get(b"content-disposition", [])
        content_type = fields.media_type(types[0]) if types else default
        parametrized = fields.parametrized(types[0] if types else b"")
        parameters = parametrized.parameters
        disposition = fields.parametrized(dispositions[0]).parameters if dispositions else {}
        defect = block.defect
        if not content_type:
            defect = "the Content-Type names no type"
        if len(types) > 1 or len(encodings) > 1:
            defect = "a field that says how to read the part is given twice"
        if parametrized.ambiguous & {"boundary", "charset"}:
            defect = "a parameter that says how to read the part is given twice"
        return Part(
            kind=Kind.LEAF,
            headers=block.headers,
            head=head,
            start=block.start,
            stop=block.start,
            depth=depth,
            content_type=content_type or "text/plain",
            charset=parameters.get("charset", b"").decode("latin-1").lower(),
            encoding=(fields.parametrized(encodings[0]).value if encodings else "") or "7bit",
            filename=fields.text(disposition.get("filename") or parameters.get("name", b"")),
            boundary=parameters.get("boundary", b"").rstrip(),
            defect=defect,
        )

    def _entity(self, part: Part) -> Generator[Part, None, Part]:
        """Yield *part* if it is a message, and the messages within; the entity whose octets come next."""
        while part.content_type in _MESSAGES and part.identity and part.content_type not in self._opaque:
            yield replace(part, kind=Kind.MESSAGE)
            block = self._scanner.header_block(self._levels[-1].marks if self._levels else ())
            part = self._part(block, part.start, part.depth + 1, "text/plain")
        if not part.content_type.startswith("multipart/") or part.content_type in self._opaque:
            return part
        if not part.boundary:
            return replace(part, defect="a multipart has no boundary")
        index = len(self._levels)
        around = self._levels[-1].marks if self._levels else {}
        own = {b"--" + part.boundary: (index, False), b"--" + part.boundary + b"--": (index, True)}
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        self._levels.append(_Level({**around, **own}, part.depth, default))
        return replace(part, kind=Kind.MULTIPART)


def _ended(part: Part, stop: int) -> Part:
    """*part* with its octets up to *stop*; a blank line may be both its start and its end."""
    return replace(part, stop=max(part.start, stop))


def _ended_without_parts(part: Part, stop: int) -> Part:
    if part.kind is Kind.MULTIPART:
        part = replace(part, kind=Kind.LEAF, defect="a multipart has no parts")
    return _ended(part, stop)
