"""Content-Transfer-Encodings (RFC 2045 §6) over streams of octets, in constant memory.

Each function takes pieces of any size and yields pieces; none raises on any octets.
"""

import binascii
import re
import struct
from collections.abc import Iterable, Iterator
from enum import Flag, auto

import pybase64

from postseal.body import PIECE

LINE = 998
"""The longest line that SMTP carries, without its CRLF (RFC 5321 §4.5.3.1.6)."""

_BLOCK = 57 * 4096
# Cutting lines this way is several times as fast as cutting them one by one.
_LINES = tuple((1 << power, struct.Struct("76s" * (1 << power))) for power in range(12, -1, -1))
_LINE_END = re.compile(rb"\r\n|\r|\n")
_NOT_BASE64 = bytes(
    set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
)
_SOFT_BREAK = re.compile(rb"=[ \t]++(?=\r\n)")  # the blanks were added on the way (RFC 2045 §6.7)
_UNSAFE_LINE = re.compile(rb"^(?:From |--)[^\n]*", re.MULTILINE)


class Trait(Flag):
    """What may happen to octets on their way: each is a reason why a signature over them would break."""

    NONE = 0
    EIGHT_BIT = auto()  # or a NUL; a hop without 8BITMIME recodes the part
    LONG_LINE = auto()  # Postfix cuts it
    TRAILING_BLANK = auto()
    FROM_LINE = auto()  # mbox writers put a ">" in front
    BARE_LINE_END = auto()  # a CR or LF alone


def traits(pieces: Iterable[bytes]) -> Trait:
    """All that is to be said about the octets of *pieces*."""
    found = Trait.NONE
    last = b""
    for chunk in _chunks(pieces):
        last = chunk
        if not chunk.isascii() or b"\0" in chunk:
            found |= Trait.EIGHT_BIT
        # A line longer than a chunk comes in several; what they seem to begin with matters no more then.
        if max(map(len, chunk.splitlines())) > LINE:
            found |= Trait.LONG_LINE
        if chunk.startswith(b"From ") or b"\nFrom " in chunk or b"\rFrom " in chunk:
            found |= Trait.FROM_LINE
        if b" \r" in chunk or b"\t\r" in chunk or b" \n" in chunk or b"\t\n" in chunk:
            found |= Trait.TRAILING_BLANK
        if not chunk.count(b"\r\n") == chunk.count(b"\r") == chunk.count(b"\n"):
            found |= Trait.BARE_LINE_END
    return found | Trait.TRAILING_BLANK if last.endswith((b" ", b"\t")) else found


def crlf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets with every line end made a CRLF."""
    held = b""
    for octets in pieces:
        piece = held + octets
        held = piece[-1:] if piece.endswith(b"\r") else b""  # its LF may come in the next piece
        piece = piece[: len(piece) - len(held)]
        if piece.count(b"\r\n") == piece.count(b"\r") == piece.count(b"\n"):
            yield piece
        else:
            yield _LINE_END.sub(b"\r\n", piece)
    if held:
        yield b"\r\n"


def to_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets in base64: lines of 76, each ended by CRLF."""
    for block in _blocks(pieces, _BLOCK):
        yield _lines_of_76(pybase64.b64encode(block))


def from_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets that base64 stands for; what is not of its alphabet is passed over (RFC 2045 §6.8)."""
    for block in _blocks((piece.translate(None, _NOT_BASE64) for piece in pieces), 1 << 16):
        yield b"".join(map(_decoded_base64, block.split(b"=")))  # padding may stand where texts were joined


def rewrapped_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 text in clean lines, nothing decoded: what every decoder passes over is left out."""
    for text in _blocks((piece.translate(None, _NOT_BASE64) for piece in pieces), 76 * 1024):
        yield _lines_of_76(text)


def to_quoted_printable(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Text in quoted-printable: no line begins like a delimiter or with "From ", none ends in a blank."""
    joint = b""
    for chunk in _chunks(crlf(pieces)):
        text = binascii.b2a_qp(chunk, istext=True).replace(b"\r\n", b"\n")
        text = _UNSAFE_LINE.sub(_guarded, text).replace(b"\n", b"\r\n")
        yield joint + text
        joint = b"" if chunk.endswith(b"\n") else b"=\r\n"


def from_quoted_printable(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets that quoted-printable stands for; what it does not define is kept as it is."""
    held = b""
    for octets in _chunks(crlf(pieces)):
        chunk = held + _SOFT_BREAK.sub(b"=", octets)
        # Only a line that is longer than a piece is cut, and then perhaps within an escape.
        cut = chunk.rfind(b"=", -2) if len(octets) > PIECE and not chunk.endswith(b"\n") else -1
        held = chunk[cut:] if cut >= 0 else b""
        yield binascii.a2b_qp(chunk[: len(chunk) - len(held)])
    yield binascii.a2b_qp(held)


def _decoded_base64(text: bytes) -> bytes:
    whole = len(text) - (len(text) % 4 == 1)  # one character alone stands for no octet
    return pybase64.b64decode(text[:whole] + b"=" * (-whole % 4), validate=True)


def _guarded(match: re.Match[bytes]) -> bytes:
    """A line of quoted-printable whose first octet is dangerous, with that octet escaped."""
    line = match[0]
    begin = b""
    while len(line) > 74 and line.startswith(b"--"):  # the escapes would make it longer than 76
        begin += b"=2D=2D=\n"
        line = line[2:]
    if line.startswith(b"--"):
        return begin + b"=2D" + line[1:]
    if line.startswith(b"From "):
        return begin + (b"=46rom " if len(line) <= 74 else b"=46rom =\n") + line[5:]
    return begin + line


def _lines_of_76(text: bytes) -> bytes:
    """*text*, of at most 8191 whole lines, in lines, the last one perhaps shorter."""
    lines: list[bytes] = []
    left, position = len(text) // 76, 0
    for number, cut in _LINES:
        if left >= number:
            lines += cut.unpack_from(text, position)
            left -= number
            position += 76 * number
    if position < len(text):
        lines.append(text[position:])
    return b"\r\n".join(lines) + b"\r\n" if lines else b""


def _blocks(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The octets in blocks of *size*, the last one shorter but not empty."""
    held = bytearray()
    for piece in pieces:
        held += piece
        start = 0
        while len(held) - start >= size:
            with memoryview(held) as view:  # one copy in place of two
                block = bytes(view[start : start + size])
            yield block
            start += size
        if start:
            del held[:start]
    if held:
        yield bytes(held)


def _chunks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The octets in chunks, none empty, that end where a line ends, but for overlong lines and the last.

    No CRLF is divided.
    """
    held = b""
    for piece in pieces:
        text = held + piece
        edge = len(text) - text.endswith(b"\r")
        cut = max(text.rfind(b"\n", 0, edge), text.rfind(b"\r", 0, edge)) + 1
        if not cut and edge > PIECE:
            cut = edge
        if cut:
            yield text[:cut]
        held = text[cut:]
    if held:
        yield held
