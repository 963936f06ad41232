"""BER (X.690 §8) read from a body: one pass, hard limits, a tree that holds positions and no content.

What strangers send is read here and nowhere else.  Every octet string has an answer: a tree, or Malformed.
The pass takes time linear in the number of elements, and their number, depth and header sizes are limited,
so that no message can cost more than its size is worth.  The octets of an OCTET STRING in many pieces,
as programs that stream write it, are two numbers a piece.
"""

from array import array
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from postseal.body import PIECE, Body
from postseal.cms import der

DEPTH = 32
"""Elements within each other."""

ELEMENTS = 30_000
"""Elements of one tree: enough for a thousand recipients."""

FRAGMENT = 64
"""Octets that the pieces of an OCTET STRING have on average at least; the first thousand may be shorter."""

SMALL = 1 << 20
"""Octets of an element that is looked at as a whole; content is read in pieces."""

_OID, _OCTETS, _STRING = 64, 0x04, 0x24
_STRINGS = frozenset({_STRING, 0xA0})  # [0]: the encrypted octets of EncryptedContentInfo


class Malformed(Exception):
    """What claims to be CMS is none, or goes beyond a limit.  The reason tells nothing that is secret."""


class Element(NamedTuple):
    """An element: its first octet is the *tag*, at *begin*; its content from *start* to *stop*.

    *end*: behind its end-of-contents octets, if it has any.  *children*: the elements in it.
    *pieces*: where each primitive OCTET STRING right in it starts and stops, if it is one in pieces or
    [0]; these are no children, and their order among the children is not kept.
    """

    tag: int
    begin: int
    start: int
    stop: int
    end: int
    children: tuple["Element", ...]
    pieces: "array[int] | None"


class Tree:
    """The elements of *body*, which must hold one and hardly anything behind it."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._base, self._buffer = 0, body.read(0, PIECE)
        self._left = ELEMENTS
        self._fragments = 1000 + body.size // FRAGMENT
        self.root = self._element(0, body.size, DEPTH)
        # A line end, or zeros to a full block, are no attack.
        if body.size - self.root.end > 16:
            raise Malformed("octets follow the outermost element")

    def octets(self, element: Element) -> bytes:
        """The content octets of a small element; those of a string in pieces put together."""
        if element.tag == _STRING and element.stop - element.start <= SMALL:
            return b"".join(self._body.read(start, stop) for start, stop in self._runs(element))
        return self.slice(element.start, element.stop)

    def slice(self, start: int, stop: int) -> bytes:
        """The octets between two positions, few."""
        if stop - start > SMALL:
            raise Malformed("an element is too large")
        return self._body.read(start, stop)

    def raw(self, element: Element) -> bytes:
        """A small element as it was received."""
        return self.slice(element.begin, element.end)

    def canonical(self, element: Element, tag: int = 0) -> bytes:
        """A small element in DER, as far as lengths, strings in pieces and the order of a SET OF go.

        *tag*: for one that is tagged implicitly, the tag it has without.
        """
        tag = tag or element.tag
        if not tag & 0x20 or tag == _STRING:
            return der.element(tag & ~0x20 if tag == _STRING else tag, self.octets(element))
        inner = [self.canonical(child) for child in element.children]
        inner += [der.octet_string(self._body.read(*run)) for run in self._runs(element)]
        return der.set_of(inner) if tag == der.SET else der.element(tag, *inner)

    def stream(self, element: Element) -> Iterator[bytes]:
        """The octets of an OCTET STRING of any size, or of one that is tagged implicitly, in pieces."""
        if not element.tag & 0x20:
            yield from self._body.pieces(element.start, element.stop)
            return
        # Small pieces are joined: a call of the cipher for each would cost more than the cipher.
        held: list[bytes] = []
        size = 0
        for start, stop in self._runs(element):
            if stop - start > PIECE:
                yield b"".join(held)
                held, size = [], 0
                yield from self._body.pieces(start, stop)
                continue
            held.append(self._body.read(start, stop))
            size += stop - start
            if size >= PIECE:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held)

    def size(self, element: Element) -> int:
        """The octets that `stream` yields."""
        if not element.tag & 0x20:
            return element.stop - element.start
        return sum(stop - start for start, stop in self._runs(element))

    @staticmethod
    def _runs(element: Element) -> Iterator[tuple[int, int]]:
        positions = iter(element.pieces or ())
        return zip(positions, positions, strict=True)

    def _element(self, begin: int, limit: int, depth: int) -> Element:
        """The element at *begin*, which must end at *limit* or before."""
        self._left -= 1
        if self._left < 0:
            raise Malformed("there are too many elements")
        tag, start, size = self._head(begin, limit)
        if not tag & 0x20:
            if size < 0:
                raise Malformed("a primitive element has no length")
            if tag == 0x06 and size > _OID:
                raise Malformed("an object identifier is too long")
            return Element(tag, begin, start, start + size, start + size, (), None)
        if not depth:
            raise Malformed("elements are nested too deep")
        stop = limit if size < 0 else start + size
        children: list[Element] = []
        runs = array("q") if tag in _STRINGS else None
        position = start
        while position < stop:
            if size < 0 and self._read(position, 2) == b"\0\0":
                return Element(tag, begin, start, position, position + 2, tuple(children), runs)
            if runs is not None and self._read(position, 1)[0] == _OCTETS:
                position = self._fragment(position, stop, runs)
                continue
            child = self._element(position, stop, depth - 1)
            if tag == _STRING and runs is not None:
                if child.tag != _STRING or child.pieces is None:
                    raise Malformed("a string has a part that is none")
                runs.extend(child.pieces)
            else:
                children.append(child)
            position = child.end
        if size < 0:
            raise Malformed("an element is cut off")
        return Element(tag, begin, start, stop, stop, tuple(children), runs)

    def _fragment(self, begin: int, limit: int, runs: "array[int]") -> int:
        """Note the primitive OCTET STRING at *begin* in *runs*; the position behind it."""
        self._fragments -= 1
        if self._fragments < 0:
            raise Malformed("a string is in too many pieces")
        _, start, size = self._head(begin, limit)
        if size < 0:
            raise Malformed("a primitive element has no length")
        runs.append(start)
        runs.append(start + size)
        return start + size

    def _head(self, begin: int, limit: int) -> tuple[int, int, int]:
        """The tag at *begin*, where the content starts, and its size, -1 if that is not told."""
        head = self._read(begin, 7)
        if len(head) < 2:
            raise Malformed("an element is cut off")
        tag, size, start = head[0], head[1], begin + 2
        if tag & 0x1F == 0x1F or not tag:
            raise Malformed("a tag has no place in CMS")
        if size > 0x80:
            octets = size - 0x80
            if octets > 5 or len(head) < 2 + octets:
                _too_long()
            size = int.from_bytes(head[2 : 2 + octets], "big")
            start += octets
        elif size == 0x80:
            size = -1
        if start + size > limit or start > limit:
            _too_long()
        return tag, start, size

    def _read(self, position: int, size: int) -> bytes:
        """The next *size* octets, fewer at the end of the body; "" never raises anything but Malformed."""
        offset = position - self._base
        if not 0 <= offset <= len(self._buffer) - size and self._base + len(self._buffer) < self._body.size:
            self._base, offset = position, 0
            # Behind a long piece of content only its successor's first octets are wanted.
            self._buffer = self._body.read(position, position + PIECE)
        found = self._buffer[offset : offset + size]
        if not found:
            raise Malformed("an element is cut off")
        return found


def _too_long() -> NoReturn:
    raise Malformed("an element is longer than what it is in")
