"""Pictures for tests, made here."""

import struct
import zlib

from postseal.branding.logo import logo


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width: int, height: int, *more: bytes, color: bytes = b"\x2f\x4a\x6b") -> bytes:
    """A PNG of one color, with the chunks *more* before the picture."""
    rows = (b"\0" + color * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    picture = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + picture + chunk(b"IEND", b"")


LOGO = logo(png(340, 140))
