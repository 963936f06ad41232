"""DER (X.690) in definite lengths, as much of it as CMS needs: written by hand so that content can stream.

Reading is only for what cryptography has parsed before, such as a certificate of ours.
"""

from collections.abc import Iterable
from functools import lru_cache

NULL = b"\x05\x00"
OCTET_STRING = 0x04
SEQUENCE = 0x30
SET = 0x31


def length(size: int) -> bytes:
    """The length octets of *size* content octets (X.690 §8.1.3)."""
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def begin(tag: int, size: int) -> bytes:
    """The tag and length of an element whose *size* content octets follow."""
    # Written out for the sizes that small messages are made of: a third of the time that framing one takes.
    if size < 0x80:
        return bytes((tag, size))
    if 0x100 <= size < 0x10000:
        return bytes((tag, 0x82, size >> 8, size & 0xFF))
    return bytes((tag,)) + length(size)


def element(tag: int, *contents: bytes) -> bytes:
    """A whole element."""
    content = b"".join(contents)
    return begin(tag, len(content)) + content


def enclosing(size: int, *levels: tuple[int, bytes]) -> bytes:
    """What stands in front of *size* octets: elements around each other, the innermost first.

    Each level is a tag and the elements that stand in it before the next one inward.
    """
    front = b""
    for tag, before in levels:
        front = before + front
        front = begin(tag, len(front) + size) + front
    return front


def sequence(*elements: bytes) -> bytes:
    """A SEQUENCE or SEQUENCE OF."""
    return element(SEQUENCE, *elements)


def set_of(elements: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF in the order that DER asks for (X.690 §11.6); *tag*: for one that is tagged implicitly."""
    return element(tag, *sorted(elements))


def context(number: int, *contents: bytes) -> bytes:
    """A constructed element tagged [*number*]."""
    return element(0xA0 | number, *contents)


def octet_string(octets: bytes) -> bytes:
    """An OCTET STRING."""
    return element(OCTET_STRING, octets)


def bit_string(octets: bytes) -> bytes:
    """A BIT STRING of whole octets."""
    return element(0x03, b"\0", octets)


def integer(number: int) -> bytes:
    """An INTEGER."""
    bits = (number + (number < 0)).bit_length()  # two's complement: -128 fits where +128 does not
    return element(0x02, number.to_bytes(bits // 8 + 1, "big", signed=True))


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = b""
    for arc in (first * 40 + second, *rest):
        octets = bytes([arc & 0x7F])
        while arc := arc >> 7:
            octets = bytes([0x80 | arc & 0x7F]) + octets
        content += octets
    return element(0x06, content)


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    """An AlgorithmIdentifier (RFC 5280 §4.1.1.2)."""
    return sequence(oid(dotted), *parameters)


def children(octets: bytes) -> list[bytes]:
    """The elements within the element *octets*, each whole; single-octet tags only.

    Raises ValueError if *octets* is no DER.
    """
    start, stop = _bounds(octets, 0)
    if stop != len(octets):
        raise ValueError("octets follow the element")
    elements = []
    while start < stop:
        _, end = _bounds(octets, start)
        if end > stop:
            raise ValueError("an element is longer than the one around it")
        elements.append(octets[start:end])
        start = end
    return elements


def _bounds(octets: bytes, position: int) -> tuple[int, int]:
    """Where the content of the element at *position* starts and stops."""
    if len(octets) < position + 2:
        raise ValueError("an element is cut off")
    size, start = octets[position + 1], position + 2
    if size > 0x80:
        start += size - 0x80
        size = int.from_bytes(octets[position + 2 : start], "big")
    elif size == 0x80:
        raise ValueError("an element has no definite length")
    if start + size > len(octets):
        raise ValueError("an element is cut off")
    return start, start + size
