"""Properties that authors have made up, in PDF and in old Office documents."""

import io
import random
import struct

import pypdf
import pytest
from fpdf import FPDF

from content.compound import compound, summary
from content.test_formats import look
from postseal.content.formats import property_set

_STREAM = "\x05DocumentSummaryInformation"


def text(value: str, encoding: str = "cp1252") -> tuple[int, bytes]:
    octets = f"{value}\0".encode(encoding)
    return 0x1E, struct.pack("<I", len(octets)) + octets


def wide(value: str) -> tuple[int, bytes]:
    return 0x1F, struct.pack("<I", len(value) + 1) + f"{value}\0".encode("utf-16-le")


NAMED = {
    "MSIP_Label_1_Name": text("Confidential"),
    "Geheim": wide("größte Vorsicht"),
    "Count": (0x03, struct.pack("<i", -7)),
    "Signed": (0x0B, struct.pack("<Hxx", 0xFFFF)),
    "At": (0x40, struct.pack("<Q", 116444736000000000)),
}
READ = {
    "MSIP_Label_1_Name": "Confidential",
    "Geheim": "größte Vorsicht",
    "Count": "-7",
    "Signed": "true",
    "At": "1970-01-01T00:00:00+00:00",
}


def test_old_slides_tell_the_properties_of_their_author() -> None:
    (item,) = look(compound({"PowerPoint Document": b"", _STREAM: summary(NAMED)}))

    assert item.kind == "application/vnd.ms-powerpoint"
    assert item.properties == READ


@pytest.mark.parametrize("page", [1252, 1250, 1200, 65001])
def test_names_in_every_code_page(page: int) -> None:
    encoding = {1200: "utf-16-le"}.get(page, f"cp{page}")
    written = wide("wer") if page == 1200 else text("wer", encoding)

    assert property_set.custom(summary({"Für": written}, page=page)) == {"Für": "wer"}


def test_damaged_sets_tell_nothing_and_raise_nothing() -> None:
    whole = summary(NAMED)
    chance = random.Random(1)
    for _ in range(2000):
        octets = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        property_set.custom(bytes(octets[: chance.randrange(len(octets))]))
        property_set.custom(bytes(octets))


@pytest.mark.parametrize("packed", [False, True])
def test_pdf_tells_the_properties_of_its_author(packed: bool) -> None:
    page = FPDF()
    page.set_title("The title")
    page.add_page()
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(bytes(page.output())))
    writer.add_metadata({"/MSIP_Label_1_Name": "Confidential", "/Für wen": "größte Vorsicht"})
    if packed:
        writer.compress_identical_objects()
    buffer = io.BytesIO()
    writer.write(buffer)

    (item,) = look(buffer.getvalue())

    assert item.properties["MSIP_Label_1_Name"] == "Confidential"
    assert item.properties["Für wen"] == "größte Vorsicht"
    assert item.properties["Title"] == "The title"
