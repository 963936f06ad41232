"""Every format is read as its reader sees it; each file is written by a library that is not ours."""

import base64
import io
import re
import struct
import zipfile

import compressed_rtf
import docx
import msoffcrypto
import openpyxl
import pytest
from fpdf import FPDF

from content.carriers import FILES, packed, text_docx, text_xls, tnef, zipped
from postseal.content.formats import READERS
from postseal.content.formats.old_office import slides, word
from postseal.content.formats.rtf import text as rtf_text
from postseal.content.inspection import Exhausted, Inspection
from postseal.content.item import Item, State
from postseal.settings.extraction import Extraction

TEXT = "Größe 12345\nsecond line, 4.5 “quoted”"


def look(octets: bytes, name: str = "file", **limits: int) -> list[Item]:
    inspection = Inspection(Extraction(**limits), READERS)
    try:
        inspection.look(name, octets)
    except Exhausted:
        assert inspection.items[0].state is State.LIMIT
    return inspection.items


def words(items: list[Item]) -> list[str]:
    return re.findall(r"[\w.“”]+", " ".join(item.text for item in items))


@pytest.mark.parametrize("extension", FILES)
def test_text_of_every_format(extension: str):
    text = TEXT if extension != "pdf" else TEXT.replace("“", '"').replace("”", '"')

    items = look(FILES[extension](text), f"file.{extension}")

    found = words(items)
    expected = re.findall(r"[\w.“”]+", text)
    assert [word for word in found if word in expected] == expected
    assert {item.state for item in items} <= {State.READ, State.TEXTLESS}


def test_files_within_are_named_and_typed():
    octets = zipped({"in/b.docx": text_docx("x"), "c.zip": zipped({"d.png": b"\x89PNG\r\n\x1a\n"})})

    items = look(octets, "a.zip")

    assert [(item.path, item.kind.rpartition(".")[2], item.state) for item in items] == [
        ("a.zip", "application/zip", State.READ),
        ("a.zip/b.docx", "document", State.READ),
        ("a.zip/c.zip", "application/zip", State.READ),
        ("a.zip/c.zip/d.png", "image/png", State.TEXTLESS),
    ]


def test_docx_header_footnote_table_and_properties():
    document = docx.Document()
    document.core_properties.title = "The title"
    document.core_properties.keywords = "one, two"
    document.sections[0].header.paragraphs[0].text = "in the header"
    document.add_table(1, 2).rows[0].cells[1].text = "in a cell"
    paragraph = document.add_paragraph("di")
    paragraph.add_run("vid").bold = True
    paragraph.add_run("ed")
    buffer = io.BytesIO()
    document.save(buffer)

    (item, *_) = look(buffer.getvalue())

    assert all(text in item.text for text in ("in the header", "in a cell", "divided"))
    assert (item.properties["title"], item.properties["keywords"]) == ("The title", "one, two")


def test_xlsx_cells_comments_names_and_numbers():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Payroll"
    sheet.append(["card", 411111111111111.0, 4.5, True, "x"])
    sheet["E1"].comment = openpyxl.comments.Comment("look here", "ann")
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "veryHidden"
    hidden["A1"] = "out of sight"
    buffer = io.BytesIO()
    book.save(buffer)

    (item, *_) = look(buffer.getvalue())

    assert "card\t411111111111111\t4.5\t1\tx" in item.text
    assert all(text in item.text for text in ("Payroll", "look here", "out of sight"))


def test_pdf_attachment_annotation_and_properties():
    page = FPDF()
    page.set_title("The title")
    page.add_page()
    page.set_font("helvetica")
    page.cell(text="on the page")
    page.text_annotation(x=10, y=10, text="in a note")
    page.embed_file(basename="in.txt", bytes=b"in a file")

    items = look(bytes(page.output()))

    assert "on the page" in items[0].text
    assert "in a note" in items[0].text
    assert items[0].properties["Title"] == "The title"
    assert (items[1].name, items[1].text) == ("in.txt", "in a file")


def encrypted_pdf() -> bytes:
    page = FPDF()
    page.set_encryption("owner", "user")
    page.add_page()
    return bytes(page.output())


def encrypted_docx() -> bytes:
    source, target = io.BytesIO(text_docx("x")), io.BytesIO()
    msoffcrypto.OfficeFile(source).encrypt("password", target)
    return target.getvalue()


def encrypted_zip() -> bytes:
    octets = bytearray(zipped({"a.txt": b"x"}))
    octets[6] |= 1
    octets[octets.index(b"PK\1\2") + 8] |= 1
    return bytes(octets)


def encrypted_odt() -> bytes:
    manifest = b"<manifest><file-entry><encryption-data/></file-entry></manifest>"
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": manifest})


@pytest.mark.parametrize("make", [encrypted_pdf, encrypted_docx, encrypted_zip, encrypted_odt])
def test_password_is_told(make):
    assert State.PASSWORD in {item.state for item in look(make())}


def test_archives_with_a_password_are_told():
    octets = packed("zip", {"a.txt": b"x"}, options="zip:encryption=aes256", passphrase="secret")

    assert [(item.name, item.state) for item in look(octets)[1:]] == [("a.txt", State.PASSWORD)]


def test_rtf_as_its_reader_sees_it():
    octets = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}{\f1\fnil\fcharset204 X;}}{\*\generator Riched;}"
        rb"{\header in the header\par}{\stylesheet{\s0 Normal;}}\uc1 sec\b ret\b0 \'e4\u8364? "
        rb"{\f1\'e4\'e0}\par"
        rb"{\*\shpinst{\shptxt in a box}}{\footnote below}{\pict 0a0b\bin3 }{x}\{a\}\u-10179?\u-8704?}"
    )

    text = rtf_text(octets)

    assert text == "in the header\nsecretä€ да\nin a boxbelow{a}😀"


def test_rtf_object_is_not_passed_over():
    assert [item.state for item in look(rb"{\rtf1 x{\object{\*\objdata 0105}}}")] == [
        State.READ,
        State.UNSUPPORTED,
    ]


def test_tnef_every_body_and_attachment():
    rich = compressed_rtf.compress(rb"{\rtf1 in rich text}")

    items = look(tnef("in plain text", rich, {"a.docx": text_docx("in a file")}))

    assert "in plain text" in items[0].text
    assert "in rich text" in items[0].text
    assert (items[1].name, items[1].text.strip()) == ("a.docx", "in a file")


def test_mail_within_is_opened():
    octets = (
        b"From: a@example.com\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nthe text\r\n"
        b"--b\r\nContent-Type: a/b; name=n.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(zipped({"o.txt": b"deep"}))
        + b"\r\n--b--\r\n"
    )

    items = look(octets)

    assert "grüße" in items[0].text
    assert "the text" in items[0].text
    assert [item.name for item in items[1:]] == ["n.zip", "o.txt"]
    assert items[2].text == "deep"


class FakeStreams:
    """Streams of a compound file as [MS-DOC] and [MS-PPT] describe them; nothing here writes such files."""

    def __init__(self, **streams: bytes) -> None:
        self.paths: dict[str, list[str]] = {}
        self._streams = streams
        self.texts: list[str] = []
        self.visit = self
        self.text = self.texts.append

    def octets(self, path: str) -> bytes:
        return self._streams.get(path.replace(" ", "_"), b"")


def test_old_word_text_from_its_pieces():
    fib = bytearray(0x400)
    struct.pack_into("<H", fib, 10, 0x0200)
    struct.pack_into("<HH", fib, 32, 0, 0)
    struct.pack_into("<II", fib, 38 + 8 * 33, 4, 5 + 12 + 16)
    main = bytes(fib) + "Größe\r".encode("cp1252") + "наш".encode("utf-16-le")
    table = b"\0" * 4 + b"\x02" + struct.pack("<I", 28) + struct.pack("<III", 0, 6, 9)
    table += struct.pack("<HIH", 0, 2 * 0x400 | 0x40000000, 0) + struct.pack("<HIH", 0, 0x406, 0)
    streams = FakeStreams(worddocument=main, **{"1table": table})

    word(streams, b"")  # type: ignore[arg-type]

    assert "".join(streams.texts) == "Größe\nнаш"


def test_old_slides_text_from_its_atoms():
    def record(version: int, kind: int, content: bytes) -> bytes:
        return struct.pack("<HHI", version, kind, len(content)) + content

    atoms = record(0, 0x0FA0, "наш".encode("utf-16-le")) + record(0, 0x0FA8, b"plain") + record(0, 1, b"x")
    streams = FakeStreams(powerpoint_document=record(0xF, 1000, atoms))

    slides(streams, b"")  # type: ignore[arg-type]

    assert streams.texts == ["наш", "plain"]


def test_xls_that_is_damaged_is_unsupported():
    octets = text_xls("x")

    assert look(octets[: len(octets) // 2])[0].state is State.UNSUPPORTED


def test_zip_method_that_nobody_reads_hides_nothing():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", b"x")
    octets = bytearray(buffer.getvalue())
    for at in (8, octets.index(b"PK\1\2") + 10):
        octets[at] = 9  # Deflate64

    items = look(bytes(octets))

    assert [(item.name, item.state) for item in items[1:]] == [("a.txt", State.UNSUPPORTED)]
