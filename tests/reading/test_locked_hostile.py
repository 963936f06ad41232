"""Files made to break whoever locks them: nothing leaves in clear, and the next file is locked."""

import io
import zipfile

import pikepdf
import pytest

from content.carriers import text_docx, text_pdf, zipped
from content.hostile import ATTACHED, ZEROS
from postseal.body import Spool
from postseal.reading.locked import Lock, NotLocked, locked
from postseal.settings.extraction import Extraction
from reading.locks import PASSWORD, SECRET, file

LIMITS = Extraction(seconds=30.0, memory=384 << 20, processes=1)
PDFS = [name for name in ATTACHED if name.startswith("pdf-")]
DOCUMENTS = [name for name in ATTACHED if name.startswith(("docx-", "xlsx-", "zip-", "ole-"))]


def given(octets: bytes, name: str) -> bytes:
    """The file, locked; nothing if it is refused."""
    try:
        return b"".join(
            locked(file(octets, name), Lock(PASSWORD, mark="bob"), Spool(), limits=LIMITS).pieces()
        )
    except NotLocked:
        return b""


def test_other_file_is_locked_afterwards() -> None:
    """After each that breaks its process: one that inflates to more than the memory there is."""
    types = {"[Content_Types].xml": b"<Types>" + ZEROS * 6}

    assert given(zipped(types), "a.docx") == b""
    assert given(text_docx(SECRET), "a.docx").startswith(b"\xd0\xcf\x11\xe0")
    assert given(text_pdf(SECRET), "a.pdf").startswith(b"%PDF-")


@pytest.mark.parametrize("name", PDFS)
def test_hostile_pdf_leaves_encrypted_or_not_at_all(name: str) -> None:
    octets = given(ATTACHED[name](), "a.pdf")

    if octets:
        with pytest.raises(pikepdf.PasswordError):
            pikepdf.open(io.BytesIO(octets))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_hostile_document_leaves_encrypted_or_not_at_all(name: str) -> None:
    octets = given(ATTACHED[name](), "a.docx")

    assert not octets or octets.startswith(b"\xd0\xcf\x11\xe0")
    assert not zipfile.is_zipfile(io.BytesIO(octets))
