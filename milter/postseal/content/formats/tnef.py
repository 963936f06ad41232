"""Outlook's Transport-Neutral Encapsulation Format (MS-OXTNEF), winmail.dat; needs the extra `extract`.

Read by hand: the one library for it skips what it cannot read, and nobody would know what was not seen.
Anything out of shape raises.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import compressed_rtf

from postseal.content import characters, html
from postseal.content.formats import rtf
from postseal.content.inspection import Visit, unsupported

_ATTRIBUTE = struct.Struct("<BII")  # level; identifier; octets of the value (2.1.3)
_MESSAGE, _ATTACHMENT = 1, 2
_SUBJECT, _BODY, _DATA, _TITLE, _CODEPAGE = 0x8004, 0x800C, 0x800F, 0x8010, 0x9007
_RENDERING, _MESSAGE_PROPERTIES, _ATTACHMENT_PROPERTIES = 0x9002, 0x9003, 0x9005

_P_SUBJECT, _P_BODY, _P_RTF, _P_HTML, _P_DATA = 0x0037, 0x1000, 0x1009, 0x1013, 0x3701
_P_NAMES = (0x3707, 0x3704, 0x3001)  # the long file name, the short one, the one displayed
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_STRING8, _UNICODE, _BINARY, _OBJECT, _NULL = 0x1E, 0x1F, 0x102, 0x0D, 0x01
_MANY, _NAMED = 0x1000, 0x8000


@dataclass(slots=True)
class File:
    """A file attached: its name, and where its octets stand as they are."""

    name: str = ""
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the message; *kind*: "subject", "plain", "html"; "rtf" is compressed yet, and Latin-1."""

    kind: str
    text: str


def read(octets: bytes, visit: Visit) -> None:
    """The subject, every body there is (plain, HTML, RTF), and the files attached."""
    visit.item.opens = True
    for entry in entries(octets):
        if isinstance(entry, File):
            visit.inside(entry.name or "unnamed", octets[entry.start : entry.stop])
        elif entry.kind == "rtf":
            visit.text(rtf.text(visit.unpacked(compressed_rtf.decompress(entry.text.encode("latin-1")))))
        else:
            visit.text(html.visible(entry.text) if entry.kind == "html" else entry.text)


def entries(octets: bytes) -> Iterator[File | Text]:
    """The texts and files of *octets*; what comes before the damage comes, then it raises."""
    file: File | None = None
    codepage = "cp1252"
    for level, identifier, start, stop in _attributes(octets):
        if identifier == _CODEPAGE and stop - start >= 4:
            codepage = f"cp{int.from_bytes(octets[start : start + 4], 'little')}"
        elif level == _MESSAGE and identifier in {_SUBJECT, _BODY}:
            kind = "subject" if identifier == _SUBJECT else "plain"
            yield Text(kind, _decoded(octets[start:stop], codepage))
        elif level == _MESSAGE and identifier == _MESSAGE_PROPERTIES:
            yield from _texts(octets, start, stop, codepage)
        elif level == _ATTACHMENT:
            if file and identifier == _RENDERING:
                yield file
                file = None
            file = file or File()
            _file_attribute(file, identifier, octets, start, stop, codepage=codepage)
    if file:
        yield file


def _texts(octets: bytes, start: int, stop: int, codepage: str) -> Iterator[Text]:
    for tag, kind, begin, end in _properties(octets, start, stop):
        content = octets[begin:end]
        if tag in {_P_SUBJECT, _P_BODY}:
            yield Text("subject" if tag == _P_SUBJECT else "plain", _string(kind, content, codepage))
        elif tag == _P_RTF:
            yield Text("rtf", content.decode("latin-1"))
        elif tag == _P_HTML:
            yield Text("html", _string(kind, content, "utf-8"))


def _file_attribute(
    file: File, identifier: int, octets: bytes, start: int, stop: int, *, codepage: str
) -> None:
    if identifier == _TITLE:
        file.name = file.name or _decoded(octets[start:stop], codepage)
    elif identifier == _DATA:
        file.start, file.stop = start, stop
    elif identifier == _ATTACHMENT_PROPERTIES:
        names = {}
        for tag, kind, begin, end in _properties(octets, start, stop):
            if tag in _P_NAMES:
                names[tag] = _string(kind, octets[begin:end], codepage)
            elif tag == _P_DATA:
                # An object begins with the identifier of its interface; a message within is TNEF again.
                file.start, file.stop = (min(begin + 16, end) if kind == _OBJECT else begin), end
        file.name = next((names[tag] for tag in _P_NAMES if names.get(tag)), file.name)


def _attributes(octets: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Level, identifier, and where the value stands."""
    position = 6
    while position < len(octets):
        level, identifier, size = _ATTRIBUTE.unpack_from(octets, position)
        start = position + _ATTRIBUTE.size
        position = start + size + 2
        if level not in {_MESSAGE, _ATTACHMENT} or position > len(octets):
            raise unsupported("it is damaged, or cut short")
        yield level, identifier & 0xFFFF, start, start + size


def _properties(octets: bytes, start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """The properties of a list of them: identifier, type, where the value stands (MS-OXTNEF 2.1.3.4)."""
    cursor = _Cursor(octets, start, stop)
    for _ in range(cursor.number()):
        kind, tag = struct.unpack("<HH", cursor.take(4))
        if tag >= _NAMED:
            cursor.take(16)
            if cursor.number():
                cursor.take(-(-cursor.number() // 4) * 4)
            else:
                cursor.number()
        plain = kind & ~_MANY
        if plain == _NULL:
            continue
        if plain in _FIXED:
            for _ in range(cursor.number() if kind & _MANY else 1):
                begin = cursor.skip(_FIXED[plain])
                yield tag, plain, begin, begin + _FIXED[plain]
        elif plain in {_STRING8, _UNICODE, _BINARY, _OBJECT}:
            for _ in range(cursor.number()):
                size = cursor.number()
                begin = cursor.skip(-(-size // 4) * 4)
                yield tag, plain, begin, begin + size
        else:
            raise unsupported(f"it has a property of the unknown type {kind:#x}")


class _Cursor:
    """A position in octets, up to *stop*; raises when they end."""

    def __init__(self, octets: bytes, start: int, stop: int) -> None:
        self._octets = octets
        self._position = start
        self._stop = stop

    def skip(self, size: int) -> int:
        """Pass over *size* octets; where they begin."""
        begin = self._position
        if begin + size > self._stop:
            raise unsupported("it is damaged, or cut short")
        self._position += size
        return begin

    def take(self, size: int) -> bytes:
        """The next *size* octets."""
        begin = self.skip(size)
        return self._octets[begin : begin + size]

    def number(self) -> int:
        """The next number."""
        return int.from_bytes(self.take(4), "little")


def _string(kind: int, content: bytes, codepage: str) -> str:
    if kind == _UNICODE:
        return content.decode("utf-16-le", "replace").rstrip("\0")
    return _decoded(content, codepage)


def _decoded(octets: bytes, codepage: str) -> str:
    octets = octets.rstrip(b"\0")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return characters.named(octets, codepage)
