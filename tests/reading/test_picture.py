"""Pages as pictures with the mark in their pixels."""

import io

import pytest
from PIL import Image, ImageChops

from content.carriers import text_docx, text_odt, text_pdf, text_pptx, text_rtf, text_xls, text_xlsx
from postseal.body import Body, Spool
from postseal.reading.attachment import Attachment, Content, attachment
from postseal.reading.picture import drawable, is_text_alone, page, text_page, words
from postseal.settings.extraction import Extraction
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


@pytest.mark.parametrize("size", [(1240, 1754), (200, 150), (90, 600), (600, 40)])
def test_mark_is_nowhere_cut_off(size: tuple[int, int]):
    other, marked = (drawn(png(*size), mark=mark) for mark in (" ", MARK))
    assert other
    assert marked

    box = ImageChops.difference(other, marked).getbbox()
    assert box
    assert box[0] > 0
    assert box[1] > 0
    assert box[2] < marked.width
    assert box[3] < marked.height


SCRIPTS = {
    "latin": "Grüße",
    "cyrillic": "Привет",
    "greek": "Καλημέρα",
    "chinese": "中文测试繁體",
    "japanese": "日本語かなカナ",
    "korean": "한국어",
    "arabic": "سلام",
    "hebrew": "שלום",
}


@pytest.mark.parametrize("words", SCRIPTS.values(), ids=SCRIPTS)
def test_every_letter_is_drawn_and_no_box(words: str):
    box, *letters = (glyph(letter) for letter in ("\U0010fffe", *words))

    assert box.getbbox()
    for letter in letters:
        assert letter.getbbox()
        assert ImageChops.difference(box, letter).getbbox()


def glyph(letter: str) -> Image.Image:
    """How *letter* is drawn, dark on nothing."""
    found = text_page(letter, 0, mark=" ", limits=LIMITS)
    assert found
    return ImageChops.invert(Image.open(io.BytesIO(found.png)).convert("L"))


def test_lines_in_several_scripts_lose_nothing():
    alone = [glyph(words).getbbox() for words in ("中文", "한국어", "abc")]
    together = glyph("中文한국어abc").getbbox()

    assert all(alone)
    assert together
    assert together[2] - together[0] > 0.9 * sum(box[2] - box[0] for box in alone if box)


@pytest.mark.parametrize("words", ["سلام عليكم", "שלום עולם", "(123) سلام"])
def test_line_that_is_read_from_the_right_stands_there(words: str):
    left, right = glyph("words").getbbox(), glyph(words).getbbox()

    assert left
    assert right
    assert left[0] < 120
    assert left[2] < 620
    assert right[0] > 620
    assert right[2] > 1120


def test_arabic_letters_are_joined():
    joined, apart = glyph("ببببب").getbbox(), glyph("ب\u200cب\u200cب\u200cب\u200cب").getbbox()

    assert joined
    assert apart
    assert joined[2] - joined[0] < 0.9 * (apart[2] - apart[0])


def test_text_of_pages_is_what_is_written_there():
    pdf, text = attached(text_pdf("Grüße\nan alle")), attached(LINES.encode())
    first, second = (words(text, number, Spool(), limits=LIMITS) for number in (0, 1))
    found = words(pdf, 0, Spool(), limits=LIMITS)

    assert found
    assert found.text.split() == ["Grüße", "an", "alle"]
    assert first
    assert second
    assert first.text.startswith("line 0\nline 1\n")
    assert second.text.startswith(f"line {len(first.text.splitlines())}\n")
    assert first.pages == second.pages
    assert words(text, first.pages, Spool(), limits=LIMITS) is None
    assert words(attached(png()), 0, Spool(), limits=LIMITS) is None
    assert words(attached(b"%PDF-1.4 damaged"), 0, Spool(), limits=LIMITS) is None


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

    assert kinds == [True, True, True, False, False]  # what it is called tells a document from an archive
    assert drawable(attached(text_docx("x"), "a.docx"))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.docx", text_docx),
        ("a.xlsx", text_xlsx),
        ("a.pptx", text_pptx),
        ("a.odt", text_odt),
        ("a.rtf", text_rtf),
        ("a.xls", text_xls),
    ],
)
def test_document_is_drawn_and_read_as_its_text(name: str, make):
    document = attached(make("The numbers of the board"), name)
    seen = page(document, 0, Spool(), mark=" ", limits=LIMITS)
    read = words(document, 0, Spool(), limits=LIMITS)

    assert is_text_alone(document)
    assert seen
    assert read
    assert "The numbers of the board" in "".join(read.text.splitlines()[:2])
    assert dark(Image.open(io.BytesIO(seen.png)).convert("L")) > 300


@pytest.mark.parametrize("octets", [b"PK\x03\x04 damaged", text_docx(" ")], ids=["damaged", "empty"])
def test_document_without_text_is_not_drawn(octets: bytes):
    assert drawn(octets, name="a.docx") is None


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
