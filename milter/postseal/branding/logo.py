"""A logo: a small PNG or JPEG, told by its octets, without anything that is no picture.

Nothing is decoded, so no decoder can be attacked; what is no part of the picture (comments, where and by
what it was taken, previews) is left out.  What is damaged raises `BadLogo` with a sentence.
"""

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import Final

MOST: Final = 100 << 10
"""Octets that a logo may have: it travels in each mail, and in the file of each sealed message."""
BEST: Final = 40 << 10
"""Octets that a logo should have at most."""
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"IDAT", b"IEND"})
_LONGEST: Final = 4000
_ROOM: Final = (240, 70)


class BadLogo(ValueError):
    """Why octets are no logo."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture.  *kind*: its media type; *width* and *height* in pixels."""

    octets: bytes
    kind: str
    width: int
    height: int

    @property
    def url(self) -> str:
        """The picture as a `data:` URL."""
        return f"data:{self.kind};base64,{base64.b64encode(self.octets).decode('ascii')}"

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height at which it fits into the place that mail and pages have for it."""
        scale = min(1.0, _ROOM[0] / self.width, _ROOM[1] / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))


def logo(octets: bytes) -> Logo:
    """The picture in *octets*.  Raises BadLogo."""
    if len(octets) > MOST:
        raise BadLogo(f"{len(octets) >> 10} KiB are too many; at most {MOST >> 10}, best {BEST >> 10}")
    if octets.startswith(_PNG):
        found = _png(octets)
    elif octets.startswith(b"\xff\xd8\xff"):
        found = _jpeg(octets)
    else:
        raise BadLogo("this is neither PNG nor JPEG")
    if not (0 < found.width <= _LONGEST and 0 < found.height <= _LONGEST):
        raise BadLogo(f"it measures {found.width} x {found.height}; at most {_LONGEST} x {_LONGEST}")
    return found


def _png(octets: bytes) -> Logo:
    kept, at, last = [_PNG], len(_PNG), b""
    while last != b"IEND":
        length, name = struct.unpack_from(">I4s", octets, at) if at + 12 <= len(octets) else (0, b"")
        chunk = octets[at : at + 12 + length]
        if len(chunk) < 12 or len(chunk) < 12 + length:
            raise BadLogo("the PNG is cut off")
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise BadLogo("the PNG is damaged")
        if (name == b"IHDR") is not (at == len(_PNG)):
            raise BadLogo("the PNG has no header")
        if name in _PNG_KEPT:
            kept.append(chunk)
        at, last = at + len(chunk), name
    if not any(chunk[4:8] == b"IDAT" for chunk in kept):
        raise BadLogo("the PNG has no picture")
    width, height = struct.unpack_from(">II", kept[1], 8)
    return Logo(b"".join(kept), "image/png", width, height)


def _jpeg(octets: bytes) -> Logo:
    kept, at, size = [octets[:2]], 2, (0, 0)
    while True:
        if at + 4 > len(octets) or octets[at] != 0xFF:
            raise BadLogo("the JPEG is damaged")
        marker, length = octets[at + 1], int.from_bytes(octets[at + 2 : at + 4], "big")
        if marker == 0xDA:  # the scans, up to the end of the picture
            break
        segment = octets[at : at + 2 + length]
        if length < 2 or len(segment) < 2 + length:
            raise BadLogo("the JPEG is cut off")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC} and length >= 8:
            size = (int.from_bytes(segment[7:9], "big"), int.from_bytes(segment[5:7], "big"))
        # APP0 and APP14 say how colors are meant; the other APPn and COM are no picture.
        if marker in {0xE0, 0xEE} or not (0xE0 <= marker <= 0xEF or marker == 0xFE):
            kept.append(segment)
        at += len(segment)
    end = octets.rfind(b"\xff\xd9")
    if end < at:
        raise BadLogo("the JPEG is cut off")
    return Logo(b"".join([*kept, octets[at : end + 2]]), "image/jpeg", *size)
