"""The parts of a message as a tree, with how each wants to be seen (RFC 2045, RFC 2183)."""

from dataclasses import dataclass, field

from postseal.body import Body
from postseal.cms import field as fields
from postseal.cms.mime import Kind, Part, walk
from postseal.errors import Failure
from postseal.message import Message
from postseal.reading.attachment import Content

PARTS = 2000
DEPTH = 40


@dataclass(slots=True, eq=False)
class Node:
    """A part and the parts within.  *number*: its place in the message, from 1."""

    number: int
    part: Part
    body: Body
    parts: list["Node"] = field(default_factory=list)
    stop: int = 0

    @property
    def content(self) -> Content:
        """Its octets; those of a message within are the whole of it, header and all."""
        return Content(self.body.part(self.part.start, max(self.stop, self.part.stop)), self.part.encoding)

    @property
    def leaf(self) -> bool:
        """Whether it has no parts, by its nature."""
        return self.part.kind is Kind.LEAF

    @property
    def attached(self) -> bool:
        """Whether the sender wants it saved rather than shown."""
        return self._disposition == "attachment"

    @property
    def inline(self) -> bool:
        """Whether the sender says that it is to be shown."""
        return self._disposition == "inline"

    @property
    def _disposition(self) -> str:
        return fields.parametrized(self._first("Content-Disposition")).value

    @property
    def content_id(self) -> str:
        """What `cid:` calls it, "" if nothing."""
        return self._first("Content-ID").strip().strip(b"<>").decode("utf-8", "replace")

    def parameter(self, name: str) -> str:
        """A parameter of its Content-Type in lower case, "" if there is none."""
        found = fields.parametrized(self._first("Content-Type")).parameters.get(name, b"")
        return found.decode("latin-1").lower()

    def _first(self, name: str) -> bytes:
        return next((header.value for header in self.part.headers if header.named(name)), b"")


def tree(message: Message, *, before: int = 0) -> tuple[Node, str]:
    """The tree of *message*, and why a part of it is missing; "" if none is.  Numbers follow on *before*."""
    root: Node | None = None
    open_nodes: list[Node] = []
    missing = ""
    nodes = walk(message.headers, message.body, limit=PARTS, depth=DEPTH)
    try:
        for number, part in enumerate(nodes, start=before + 1):
            ends = part.depth + (part.kind is Kind.EPILOGUE)  # the epilogue belongs to its multipart
            while open_nodes and open_nodes[-1].part.depth >= ends:
                open_nodes.pop()
            for around in open_nodes:
                around.stop = max(around.stop, part.stop)
            if part.kind is Kind.EPILOGUE:
                continue
            node = Node(number, part, message.body, stop=part.stop)
            if open_nodes:
                open_nodes[-1].parts.append(node)
            root = root or node
            open_nodes.append(node)
    except Failure as failure:
        missing = failure.detail
    if root is None:
        root = Node(before + 1, Part(Kind.LEAF, message.headers, 0, 0, message.body.size, 0), message.body)
    return root, missing
