"""A file in Microsoft's compound format (MS-CFB), with the streams that a test wants."""

import struct
from collections.abc import Mapping

_SECTOR, _END, _FREE, _TABLE, _NONE = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_SMALLEST = 4096


def compound(streams: Mapping[str, bytes]) -> bytes:
    """At most three streams, each padded to the size from which sectors are used."""
    table = [_TABLE, _END]
    entries, sectors = [_entry("Root Entry", 5, child=1)], b""
    for number, (name, octets) in enumerate(streams.items(), start=1):
        padded = octets.ljust(_SMALLEST, b"\0")
        padded += b"\0" * (-len(padded) % _SECTOR)
        first, count = len(table), len(padded) // _SECTOR
        table += [*range(first + 1, first + count), _END]
        right = number + 1 if number < len(streams) else _NONE
        entries.append(_entry(name, 2, right=right, start=first, size=len(padded)))
        sectors += padded
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, _SMALLEST, _END, 0, _END, 0)
    head += struct.pack("<I", 0) + struct.pack("<I", _FREE) * 108
    fat = struct.pack("<128I", *table, *[_FREE] * (128 - len(table)))
    directory = b"".join(entries).ljust(_SECTOR, b"\0")
    return head + fat + directory + sectors


def _entry(
    name: str, kind: int, *, right: int = _NONE, child: int = _NONE, start: int = 0, size: int = 0
) -> bytes:
    written = name.encode("utf-16-le") + b"\0\0"
    facts = struct.pack("<HBBIII", len(written), kind, 1, _NONE, right, child)
    return written.ljust(64, b"\0") + facts + bytes(36) + struct.pack("<IQ", start, size)


def summary(named: Mapping[str, tuple[int, bytes]], *, page: int = 1252) -> bytes:
    """The document summary whose second set has the properties *named*: type and value (MS-OLEPS)."""
    encoding = "utf-16-le" if page == 1200 else f"cp{page}"
    names = struct.pack("<I", len(named))
    for number, name in enumerate(named, start=2):
        octets = f"{name}\0".encode(encoding)
        names += struct.pack("<II", number, len(octets) // (2 if page == 1200 else 1)) + octets
        names += b"\0" * (-len(octets) % 4 if page == 1200 else 0)
    values = {0: names, 1: struct.pack("<HxxH", 2, page)}
    values |= {
        number: struct.pack("<Hxx", kind) + value for number, (kind, value) in enumerate(named.values(), 2)
    }
    places, content = b"", b""
    for number, value in values.items():
        places += struct.pack("<II", number, 8 + 8 * len(values) + len(content))
        content += value + b"\0" * (-len(value) % 4)
    section = struct.pack("<II", 8 + len(places) + len(content), len(values)) + places + content
    first = struct.pack("<II", 8, 0)
    kinds = (
        bytes.fromhex("02d5cdd59c2e1b10939708002b2cf9ae"),
        bytes.fromhex("05d5cdd59c2e1b10939708002b2cf9ae"),
    )
    head = struct.pack("<HHI16xI", 0xFFFE, 0, 0, 2)
    head += struct.pack("<16sI16sI", kinds[0], 68, kinds[1], 68 + len(first))
    return head + first + section
