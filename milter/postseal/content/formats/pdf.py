"""PDF, read by PDFium, the engine of Chromium; needs the extra `extract`.

Text of every page, of comments and of form fields, and the files attached.  Pictures of text, as a
scanner makes them, are pictures: there is no recognition of characters here.
"""

import ctypes
import io
import re

import pypdf
import pypdfium2
from pypdfium2 import raw

from postseal.content.inspection import Visit, protected, unsupported

_HYPHENATED = re.compile("[\ufffe\x02]\r?\n?")
"""What PDFium writes for a hyphen that only divides a word."""

PAGES = 20_000
_MOST_PROPERTIES = 1000


def read(octets: bytes, visit: Visit) -> None:
    """Every page, and every file attached."""
    try:
        document = pypdfium2.PdfDocument(octets)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise protected() from None
        raise unsupported("it is damaged") from None
    try:
        standard = {name: value for name, value in document.get_metadata_dict().items() if value}
        visit.item.properties = _own_properties(octets) | standard
        if document.get_formtype() != raw.FORMTYPE_NONE:
            document.init_forms()
        if len(document) > PAGES:
            raise unsupported(f"it has more than {PAGES} pages")
        for number in range(len(document)):
            _page(document, number, visit)
        for index in range(document.count_attachments()):
            attachment = document.get_attachment(index)
            visit.inside(attachment.get_name() or "unnamed", visit.unpacked(bytes(attachment.get_data())))
    finally:
        document.close()


def _own_properties(octets: bytes) -> dict[str, str]:
    """What the author has added to the dictionary of the document (ISO 32000-1, 14.3.3).

    PDFium gives a value to who knows its name, and no names; pypdf reads them, where a file is not damaged.
    """
    try:
        found = list((pypdf.PdfReader(io.BytesIO(octets)).metadata or {}).items())
    except Exception:  # noqa: BLE001 (it raises what it likes where PDFium forgives)
        return {}
    return {
        str(name).removeprefix("/"): str(value)[:10_000] for name, value in found[:_MOST_PROPERTIES] if value
    }


def _page(document: pypdfium2.PdfDocument, number: int, visit: Visit) -> None:
    page = document[number]
    try:
        text = page.get_textpage()
        try:
            visit.text(_HYPHENATED.sub("", text.get_text_range()))
        finally:
            text.close()
        for index in range(raw.FPDFPage_GetAnnotCount(page)):
            annotation = raw.FPDFPage_GetAnnot(page, index)
            if not annotation:
                continue
            try:
                if words := _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents"):
                    visit.text(words)
                if document.formenv and (
                    words := _string(raw.FPDFAnnot_GetFormFieldValue, document.formenv, annotation)
                ):
                    visit.text(words)
            finally:
                raw.FPDFPage_CloseAnnot(annotation)
    finally:
        page.close()


def _string(function: "ctypes._CFunctionType", *arguments: object) -> str:
    """The UTF-16 string that a function of PDFium gives in two calls."""
    size = int(function(*arguments, None, 0))
    if size <= 2 or size > 1 << 24:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
