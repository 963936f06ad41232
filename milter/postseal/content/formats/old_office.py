"""The text of old Word and PowerPoint documents (MS-DOC, MS-PPT).

Read by hand, because no library that is kept up reads them.  What lies outside the file raises.
"""

import struct
from collections.abc import Iterator

from postseal.content.formats.streams import Streams
from postseal.content.inspection import protected, unsupported

_CLX = 33
"""The index of the text's map among the pairs of the file information block (MS-DOC 2.5.6)."""


def word(streams: Streams, _: bytes) -> None:
    """The text of all stories, from the piece table (MS-DOC 2.4.1, 2.8.35)."""
    main = streams.octets("worddocument")
    flags = struct.unpack_from("<H", main, 10)[0]
    if flags & 0x0100:
        raise protected()
    table = streams.octets("1table" if flags & 0x0200 else "0table")
    shorts = struct.unpack_from("<H", main, 32)[0]
    longs_at = 34 + 2 * shorts
    longs = struct.unpack_from("<H", main, longs_at)[0]
    pairs_at = longs_at + 2 + 4 * longs + 2
    start, size = struct.unpack_from("<II", main, pairs_at + 8 * _CLX)
    pieces = _pieces(table[start : start + size])
    for count, where in pieces:
        position = where & 0x3FFFFFFF
        if where & 0x40000000:  # in single octets
            octets = main[position // 2 : position // 2 + count]
            text = octets.decode("cp1252", "replace")
        else:
            octets = main[position : position + 2 * count]
            text = octets.decode("utf-16-le", "replace")
        if len(text) < count:
            raise unsupported("its text lies outside the file")
        streams.visit.text(text.translate(_WORD_MARKS))


_WORD_MARKS = {
    0x07: "\t",
    0x0B: "\n",
    0x0C: "\n",
    0x0D: "\n",
    0x13: " ",
    0x14: " ",
    0x15: " ",
    0x1E: "-",
    0x1F: None,
}


def _pieces(clx: bytes) -> Iterator[tuple[int, int]]:
    """How many characters each piece has, and where they lie."""
    position = 0
    while clx[position : position + 1] == b"\x01":  # formatting
        position += 3 + struct.unpack_from("<H", clx, position + 1)[0]
    if clx[position : position + 1] != b"\x02":
        raise unsupported("it has no table of pieces")
    size = struct.unpack_from("<I", clx, position + 1)[0]
    count = (size - 4) // 12
    ends = struct.unpack_from(f"<{count + 1}I", clx, position + 5)
    descriptors = position + 5 + 4 * (count + 1)
    for number in range(count):
        where = struct.unpack_from("<I", clx, descriptors + 8 * number + 2)[0]
        yield max(0, ends[number + 1] - ends[number]), where


_RECORD = struct.Struct("<HHI")
_UTF_16, _LATIN_1, _C_STRING = 0x0FA0, 0x0FA8, 0x0FBA


def slides(streams: Streams, _: bytes) -> None:
    """The text atoms of every record (MS-PPT 2.9.42 to 2.9.44)."""
    octets = streams.octets("powerpoint document")
    position = 0
    while position + _RECORD.size <= len(octets):
        version, kind, size = _RECORD.unpack_from(octets, position)
        position += _RECORD.size
        if version & 0xF == 0xF:  # a container: its records follow
            continue
        content = octets[position : position + size]
        position += size
        if kind in {_UTF_16, _C_STRING}:
            streams.visit.text(content.decode("utf-16-le", "replace").replace("\r", "\n"))
        elif kind == _LATIN_1:
            streams.visit.text(content.decode("latin-1").replace("\r", "\n"))
        elif kind == 0x1011:  # an embedded object, compressed (2.10.34)
            streams.visit.unread("object", size, unsupported("an object within old slides"))
