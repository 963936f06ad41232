"""Logos are told by their octets, and nothing but the picture is kept."""

import struct

import pytest

from pictures import chunk, png
from postseal.branding.logo import BadLogo, logo


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


FRAME = segment(0xC0, struct.pack(">BHHB", 8, 70, 170, 1) + b"\1\x11\0")
SCAN = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x12\x34\xff\x00\x56" + b"\xff\xd9"
JPEG = b"\xff\xd8" + segment(0xE0, b"JFIF\0") + segment(0xDB, bytes(65)) + FRAME + SCAN


def test_png_keeps_the_picture_and_nothing_else() -> None:
    given = png(340, 140, chunk(b"tEXt", b"Author\0Ann"), chunk(b"eXIf", b"where"))

    found = logo(given + b"PK and more")

    assert found.octets == png(340, 140)
    assert (found.kind, found.width, found.height) == ("image/png", 340, 140)
    assert found.url.startswith("data:image/png;base64,iVBOR")


def test_jpeg_keeps_the_picture_and_nothing_else() -> None:
    exif = segment(0xE1, b"Exif\0\0where") + segment(0xFE, b"by Ann")
    given = JPEG[:2] + exif + JPEG[2:]

    found = logo(given + b"PK and more")

    assert found.octets == JPEG
    assert (found.kind, found.width, found.height) == ("image/jpeg", 170, 70)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"GIF89a", "neither PNG nor JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "neither PNG nor JPEG"),
        (png(10, 10)[:-20], "cut off"),
        (png(10, 10).replace(b"IDAT", b"IDAX"), "damaged"),
        (png(5000, 10), "5000 x 10"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IEND", b""), "no header"),
        (JPEG[:-4], "cut off"),
        (JPEG[:30], "cut off"),
        (JPEG.replace(FRAME, b""), "0 x 0"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\xff\xd8\xff" + bytes(101 << 10), "101 KiB are too many"),
    ],
)
def test_damaged_picture_is_refused(octets: bytes, why: str) -> None:
    with pytest.raises(BadLogo, match=why):
        logo(octets)


def test_picture_is_shown_in_its_place_and_never_larger_than_it_is() -> None:
    assert logo(png(1000, 100)).shown == (240, 24)
    assert logo(png(20, 10)).shown == (20, 10)
