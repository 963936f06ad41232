"""Pages as pictures with the mark in their pixels."""

import io

import pytest
from PIL import Image, ImageChops

from content.carriers import text_docx, text_pdf
from postseal.body import Body, Spool
from postseal.reading.attachment import Attachment, Content, attachment
from postseal.reading.picture import drawable, page, text_page
from postseal.settings_extraction import Extraction
from reading.mails import png

MARK = "bob@there.test 2026-11-28"
LIMITS = Extraction(seconds=20.0, processes=1)
LINES = "\n".join(f"line {number}" for number in range(400))


def attached(octets: bytes, name: str = "a") -> Attachment:
    return attachment(1, name, "", Content(Body.of(octets)))


def drawn(octets: bytes, number: int = 0, *, mark: str = MARK, name: str = "a") -> Image.Image | None:
    found = page(attached(octets, name), number, Spool(), mark=mark, limits=LIMITS)
    return Image.open(io.BytesIO(found.png)).convert("L") if found else None


def dark(picture: Image.Image) -> int:
    """How many pixels are nearly black."""
    return sum(picture.histogram()[:60])


@pytest.mark.parametrize(
    "octets", [text_pdf("words\n" * 5), b"words\r\n" * 5, png(900, 900)], ids=["pdf", "text", "picture"]
)
def test_mark_is_burnt_in_all_over(octets: bytes):
    other, marked = drawn(octets, mark=" "), drawn(octets)
    assert other
    assert marked

    changed = ImageChops.difference(other, marked)
    width, height = changed.size
    for left in (0, width // 2):
        for top in (0, height // 2):
            corner = changed.crop((left, top, left + width // 2, top + height // 2))
            assert sum(corner.histogram()[20:]) > 300


@pytest.mark.parametrize("make", [text_pdf, str.encode], ids=["pdf", "text"])
def test_every_page_is_drawn_and_there_is_none_behind(make):
    octets = make(LINES)
    first = page(attached(octets), 0, Spool(), mark=MARK, limits=LIMITS)

    assert first
    assert first.pages > 3
    for number in range(first.pages):
        picture = drawn(octets, number)
        assert picture
        assert dark(picture) > 1000
    assert drawn(octets, first.pages) is None
    assert drawn(octets, -1) is None


def test_picture_keeps_its_colours():
    found = page(attached(png(50, 40, b"\x00\x00\xff")), 0, Spool(), mark=" ", limits=LIMITS)

    assert found
    assert Image.open(io.BytesIO(found.png)).convert("RGB").getpixel((25, 20)) == (0, 0, 255)


def test_text_of_a_view_is_drawn_in_the_scripts_of_the_font():
    empty, text = (text_page(words, 0, mark=" ", limits=LIMITS) for words in ("", "Grüße, Привет, سلام"))

    assert empty
    assert text
    assert dark(Image.open(io.BytesIO(text.png)).convert("L")) > 300
    assert dark(Image.open(io.BytesIO(empty.png)).convert("L")) == 0


@pytest.mark.parametrize(
    "octets",
    [
        b"%PDF-1.4 damaged",
        b"\x89PNG\r\n\x1a\n damaged",
        png()[:35],
        text_docx("x"),
        b"<html>",
        b"",
        b"GIF89a\xff\xff\xff\xff\x80\x00\x00",
    ],
)
def test_what_cannot_be_drawn_is_not(octets: bytes):
    assert drawn(octets) is None


def test_only_what_can_be_drawn_is_drawable():
    kinds = [drawable(attached(octets)) for octets in (text_pdf("x"), b"x", png(), text_docx("x"), b"<html>")]

    assert kinds == [True, True, True, False, False]


@pytest.mark.parametrize(
    "text",
    ["\u0301" * 300_000, "x" * 500_000, "\n" * 500_000, "\t" * 100_000, "a " * 250_000],
    ids=["no-width", "long", "lines", "tabs", "words"],
)
def test_any_text_is_drawn_or_given_up_in_time(text: str):
    found = text_page(text, 0, mark=MARK, limits=LIMITS)

    assert found is None or found.pages > 0


def test_picture_of_billions_of_pixels_is_given_up():
    whole = bytearray(png(9, 9))
    whole[16:24] = (60_000).to_bytes(4, "big") * 2

    assert drawn(bytes(whole)) is None
