"""Properties that the author of an old Office document has made up himself (MS-OLEPS 2.21, MS-OSHARED 2.3.3).

They stand in the second property set of the stream of the document summary, with a dictionary of their names;
olefile reads the first one only.  What is not as the format says is left out, never guessed.
"""

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

STREAM: Final = "\x05DocumentSummaryInformation"

_USER_DEFINED: Final = bytes.fromhex("05d5cdd59c2e1b10939708002b2cf9ae")
_DICTIONARY, _CODE_PAGE = 0, 1
_UTF_16: Final = 1200
_MOST: Final = 1000
_BEGINNING: Final = datetime(1601, 1, 1, tzinfo=UTC)


def custom(octets: bytes) -> dict[str, str]:
    """The properties of the user in the stream *octets*, by their names."""
    try:
        return dict(_found(octets))
    except (struct.error, IndexError, UnicodeError, OverflowError):
        return {}


def _found(octets: bytes) -> Iterator[tuple[str, str]]:
    for start in _sections(octets):
        count = min(struct.unpack_from("<I", octets, start + 4)[0], _MOST)
        places = dict(struct.iter_unpack("<II", octets[start + 8 : start + 8 + 8 * count]))
        page = 1252
        if _CODE_PAGE in places:
            page = struct.unpack_from("<H", octets, start + places[_CODE_PAGE] + 4)[0]
        if _DICTIONARY not in places:
            continue
        for identifier, name in _names(octets, start + places[_DICTIONARY], page):
            if identifier in places:
                value = _value(octets, start + places[identifier], page)
                if name and value:
                    yield name, value[:10_000]


def _sections(octets: bytes) -> Iterator[int]:
    """Where the property sets of the user begin."""
    if octets[:2] != b"\xfe\xff":
        return
    for number in range(min(struct.unpack_from("<I", octets, 24)[0], 2)):
        kind, start = struct.unpack_from("<16sI", octets, 28 + 20 * number)
        if kind == _USER_DEFINED:
            yield start


def _names(octets: bytes, at: int, page: int) -> Iterator[tuple[int, str]]:
    """The dictionary of names, by the identifiers of the properties."""
    count = min(struct.unpack_from("<I", octets, at)[0], _MOST)
    at += 4
    for _ in range(count):
        identifier, length = struct.unpack_from("<II", octets, at)
        size = 2 * length if page == _UTF_16 else length
        at += 8
        yield identifier, _text(octets[at : at + size], page)
        at += size + (-size % 4 if page == _UTF_16 else 0)


def _value(octets: bytes, at: int, page: int) -> str:
    """The value of a property as text; "" for a kind that people do not write."""
    kind = struct.unpack_from("<H", octets, at)[0]
    at += 4
    match kind:
        case 0x1E:  # text in the code page
            size = struct.unpack_from("<I", octets, at)[0]
            return _text(octets[at + 4 : at + 4 + size], page)
        case 0x1F:  # text in UTF-16
            size = 2 * struct.unpack_from("<I", octets, at)[0]
            return _text(octets[at + 4 : at + 4 + size], _UTF_16)
        case 0x03 | 0x05:
            return str(struct.unpack_from("<i" if kind == 0x03 else "<d", octets, at)[0])
        case 0x0B:
            return "true" if struct.unpack_from("<H", octets, at)[0] else "false"
        case 0x40:  # tenths of microseconds since 1601
            ticks = struct.unpack_from("<Q", octets, at)[0]
            return (_BEGINNING + timedelta(microseconds=ticks // 10)).isoformat()
    return ""


def _text(octets: bytes, page: int) -> str:
    encoding = {_UTF_16: "utf-16-le", 65001: "utf-8"}.get(page, f"cp{page}")
    try:
        return octets.decode(encoding, "replace").partition("\0")[0]
    except LookupError:
        return octets.decode("latin-1").partition("\0")[0]
