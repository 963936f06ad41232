"""The text form of a container: base64url (RFC 4648 §5) without padding, in lines of 76 characters.

It is what stands in `message.html`, and what a browser posts.  Browsers and mail servers change line
ends, so all white space is ignored; anything else that is not of the alphabet raises `Tampered`.
"""

import binascii
from collections.abc import Iterable, Iterator
from typing import Final

import pybase64

from postseal.sealed.container import Tampered

_WIDTH: Final = 76
_LINE: Final = 57
"""Octets that become a line."""
_LINES: Final = 1000 * _LINE
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")  # the standard alphabet and its padding are not ours
_WHITE: Final = b" \t\r\n"


def armored(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """*pieces* as lines of text that end in LF."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _LINES:
            yield _lines(bytes(held[:_LINES]))
            del held[:_LINES]
    if held:
        yield _lines(bytes(held))


def armored_size(size: int) -> int:
    """Characters of the text form of *size* octets, line ends included."""
    characters = -(-size * 4 // 3)
    return characters + -(-characters // 76)


def dearmored(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets whose text form is *pieces*, however they are cut.  Raises Tampered."""
    dearmoring = Dearmoring()
    for piece in pieces:
        if octets := dearmoring.feed(piece):
            yield octets
    if octets := dearmoring.end():
        yield octets


class Dearmoring:
    """Reads the text form piece by piece, for whoever is given the pieces."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """The octets that are certain after *piece*.  Raises Tampered."""
        self._held += piece.translate(_FROM_URL, _WHITE)
        whole = len(self._held) - len(self._held) % 4
        # What may be the end stays, as only the end may be of an odd length.
        if whole <= 4:
            return b""
        text, self._held = self._held[: whole - 4], self._held[whole - 4 :]
        return _octets(text)

    def end(self) -> bytes:
        """The last octets.  Raises Tampered."""
        if len(self._held) % 4 == 1:
            raise Tampered("the text form of a container is cut off")
        return _octets(self._held + b"=" * (-len(self._held) % 4)) if self._held else b""


def _lines(octets: bytes) -> bytes:
    # A line has a number of octets that needs no padding, so all lines can be encoded at once.
    text = pybase64.b64encode(octets, altchars=b"-_").rstrip(b"=")
    return b"".join(text[start : start + _WIDTH] + b"\n" for start in range(0, len(text), _WIDTH))


def _octets(text: bytes) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise Tampered("not the text form of a container") from None
