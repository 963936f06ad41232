"""Office documents that leave encrypted, opened again by the library and by LibreOffice."""

import io
from collections.abc import Iterator

import msoffcrypto
import pytest

from content.carriers import text_docx, text_pptx, text_xlsx
from office import SOFFICE, Office, office
from reading.locks import PASSWORD, SECRET, closed


@pytest.mark.parametrize(
    ("name", "make"),
    [("a.docx", text_docx), ("a.xlsx", text_xlsx), ("a.pptx", text_pptx), ("a.docm", text_docx)],
)
def test_office_document_is_encrypted_and_the_same_again(name: str, make):
    plain = make(SECRET)
    octets = closed(plain, name=name)

    document, again = msoffcrypto.OfficeFile(io.BytesIO(octets)), io.BytesIO()
    assert document.is_encrypted()
    document.load_key(password=PASSWORD, verify_password=True)
    document.decrypt(again, verify_integrity=True)
    assert again.getvalue() == plain
    assert b"PK\x03\x04" not in octets
    assert b'cipherAlgorithm="AES"' in octets
    assert b'keyBits="256"' in octets


@pytest.fixture(scope="module")
def libreoffice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    if not SOFFICE.exists():
        pytest.skip("no LibreOffice: contrib/install-tools installs it")
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.mark.parametrize(("ending", "make"), [("docx", text_docx), ("xlsx", text_xlsx)])
def test_libreoffice_opens_it_with_the_password_alone(libreoffice: Office, ending: str, make):
    plain = make(SECRET)
    octets = closed(plain, name=f"a.{ending}")

    assert libreoffice.text(plain, ending, "") == SECRET
    assert libreoffice.text(octets, ending, PASSWORD) == SECRET
    assert libreoffice.text(octets, ending, "") is None
    assert libreoffice.text(octets, ending, PASSWORD.upper()) is None
