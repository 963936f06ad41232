"""Moves once through a body: finds delimiter lines and reads header blocks, in linear time.

CRLF, LF and CR all end a line.  Memory is one piece of the body, or one header block.
"""

import re
from collections.abc import Container
from dataclasses import dataclass

from postseal.body import PIECE, Body
from postseal.errors import Cause, Failure
from postseal.message import Header

HEADER_BLOCK = 1 << 20
"""Octets of one part's header block: a forwarded message may carry thousands of recipients."""

_DELIMITER = 1000  # RFC 2046 allows 70 octets, an SMTP line 998
_LINE = re.compile(rb"([^\r\n]*+)(?:\r\n|\r|\n)?")
_FIELD = re.compile(rb"([^\x00-\x20:]++[ \t]*+):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Mark:
    """A delimiter line: its *text* without trailing blanks, the line from *before* to *after*.

    The line end in front belongs to the delimiter (RFC 2046 §5.1.1), as does its own.
    """

    text: bytes
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """The fields of a part, where its content starts, and what is wrong with the block ("" if nothing)."""

    headers: tuple[Header, ...]
    start: int
    defect: str


class Scanner:
    """A position in a body that only moves forward; between calls it is the start of a line."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._position = 0
        self._base = 0
        self._buffer = b""
        self._line_feed = -1

    def delimiter(self, marks: Container[bytes]) -> Mark | None:
        """The next line that is in *marks*, apart from trailing blanks; moves behind it, or to the end.

        An exact match is asked for: of nested boundaries one may be the beginning of another.
        """
        self._load(_DELIMITER + 2)
        while self._buffer.startswith(b"--", self._position - self._base) or self._to_dashes():
            self._load(_DELIMITER + 2)
            match = _LINE.match(self._buffer, self._position - self._base)
            if (
                match is not None
                and len(match[1]) <= _DELIMITER
                and (text := match[1].rstrip(b" \t")) in marks
            ):
                line = self._position
                self._position = self._base + match.end()
                return Mark(text, line - len(self._line_end_before(line)), self._position)
            if not self._to_dashes():
                break
        self._position = self._body.size
        return None

    def header_block(self, marks: Container[bytes]) -> HeaderBlock:
        """The header block that begins here; moves to the content behind it.

        It ends at a blank line, at a delimiter line, and at a line that is no field: mail programs
        disagree about the last, and what may be content shall be seen as content.
        Raises Failure(LIMIT) if it is longer than HEADER_BLOCK.
        """
        begin = self._position
        fields: list[tuple[bytes, list[bytes]]] = []
        defect = ""
        while self._position < self._body.size:
            text, end = self._line(HEADER_BLOCK - (self._position - begin))
            if not text:
                self._position = end
                break
            if text.startswith(b"--") and text.rstrip(b" \t") in marks:
                break
            if text[0] in b" \t":
                if fields:
                    fields[-1][1].append(text)
                else:
                    defect = "the header begins with a folded line"
            elif (match := _FIELD.match(text)) is not None:
                fields.append((match[1], [match[2]]))
            elif fields or not text.startswith((b"From ", b">From ")):  # mbox files leave these behind
                defect = "a line of the header is no field"
                break
            self._position = end
        headers = tuple(Header(name, b"\r\n".join(lines)) for name, lines in fields)
        return HeaderBlock(headers, self._position, defect)

    def _line(self, limit: int) -> tuple[bytes, int]:
        """The line that begins here, without its end, and the position behind it."""
        size = 1 << 10
        while True:
            self._load(size)
            match = _LINE.match(self._buffer, self._position - self._base)
            assert match is not None  # noqa: S101 (it matches the empty string)
            # At the edge of the buffer a CR may be half of a CRLF.
            complete = match.end() < len(self._buffer) or self._at_end()
            if match.end() - match.start() > limit or (not complete and size > limit):
                raise Failure(Cause.LIMIT, f"a MIME part has a header of more than {HEADER_BLOCK} octets")
            if complete:
                return match[1], self._base + match.end()
            size *= 4

    def _to_dashes(self) -> bool:
        """Move to the next line, after the one here, that begins with two dashes."""
        while True:
            start = self._position - self._base
            if self._line_feed < start:
                # Kept between calls: searching it anew for every CR would take quadratic time.
                found = self._buffer.find(b"\n--", start)
                self._line_feed = found if found >= 0 else len(self._buffer)
            found = self._buffer.find(b"\r--", start, self._line_feed)
            if found < 0:
                found = self._line_feed
            if found < len(self._buffer):
                self._position = self._base + found + 1
                return True
            if self._at_end():
                return False
            self._position = max(self._position, self._base + len(self._buffer) - 2)
            self._fetch(PIECE)

    def _at_end(self) -> bool:
        return self._base + len(self._buffer) >= self._body.size

    def _load(self, size: int) -> None:
        """See that the buffer holds *size* octets from here on, as far as the body has them."""
        if self._position + size > self._base + len(self._buffer) and not self._at_end():
            self._fetch(max(size, PIECE))

    def _fetch(self, size: int) -> None:
        self._base = self._position
        self._buffer = self._body.read(self._base, self._base + size)
        self._line_feed = -1

    def _line_end_before(self, position: int) -> bytes:
        before = self._body.read(max(0, position - 2), position)
        return before if before == b"\r\n" else before[-1:]
