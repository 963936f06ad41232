"""Mails with one attachment, made by hand: the formats themselves are tried in tests/content."""

import base64
import gzip
import io
import zipfile
from functools import reduce


def attached(
    name: str, octets: bytes, content_type: str = "application/octet-stream", text: str = "see below"
):
    """A mail with *octets* attached; the label says nothing of what they are."""
    body = (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f'--b\r\nContent-Type: {content_type}; name="{name}"\r\nContent-Disposition: attachment\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(octets).decode()}\r\n--b--\r\n"
    )
    return {"headers": {"Content-Type": "multipart/mixed; boundary=b"}, "body": body}


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, octets in files.items():
            archive.writestr(name.replace("_", "."), octets)
    return buffer.getvalue()


def locked() -> bytes:
    """A zip file whose entry says that it is encrypted (APPNOTE 4.4.4, bit 0)."""
    octets = bytearray(zipped(a_txt=b"secret"))
    octets[6] |= 1
    octets[octets.index(b"PK\1\2") + 8] |= 1
    return bytes(octets)


def document(text: str, **properties: str) -> bytes:
    written = "".join(f"<dc:{name}>{value}</dc:{name}>" for name, value in properties.items())
    parts = {
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document xmlns:w='w'><w:p><w:t>{text}</w:t></w:p></w:document>",
        "docProps/core.xml": f"<p xmlns:dc='d'>{written}</p>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


DEEP = reduce(lambda octets, _: gzip.compress(octets), range(12), b"x")
PROGRAM = b"MZ\x90\0" + b"\0" * 60
NOTE = attached("note.txt", b"A note.")
UNKNOWN = attached("note.dat", b"\0\1\2\3")

CASES = {
    "has_attachment": [
        ("true", NOTE, {}),
        ("false", {"body": "x"}, attached("", b"\x89PNG\r\n\x1a\n", "image/png")),
    ],
    "attachment_size_over": [
        ("1k", attached("a", b"x" * 1024), attached("a", b"x" * 1023)),
    ],
    "attachment_name_words": [
        ("salaries", attached("Salaries.xlsx", b"x"), NOTE),
        ("salaries", attached("a.zip", zipped(salaries_txt=b"x")), attached("salaries2.zip", zipped(b=b""))),
        ("größe", attached("=?utf-8?q?gr=C3=B6=C3=9Fe?=.txt", b"x"), UNKNOWN),
    ],
    "attachment_name_matches": [(r"'^note\.t.t$'", NOTE, attached("note.text", b"x"))],
    "attachment_extension": [
        ("[exe, .TXT]", NOTE, attached("txt", b"x")),
        ("js", attached("a.zip", zipped(run_js=b"x")), attached("js.zip", zipped(runjs=b"x"))),
        ("scr", attached("a.jpg.scr. ", b"x"), attached("a.scr.jpg", b"x")),
    ],
    "attachment_type": [
        (
            "application/pdf",
            attached("a.txt", b"%PDF-1.7\n", "text/plain"),
            attached("a.pdf", b"x", "application/pdf"),
        ),
        ("image/*", attached("a.bin", b"GIF89a"), NOTE),
        ("text/plain", attached("a.gz", gzip.compress(b"x")), UNKNOWN),
    ],
    "attachment_executable": [
        ("true", attached("a.txt", PROGRAM), attached("a.exe", b"x")),
        ("true", attached("a.zip", zipped(a_txt=PROGRAM)), NOTE),
        (
            "true",
            attached("a.com", b"\xb4\x09\xcd\x21"),
            attached("a.jar", zipped(a_class=b"\xca\xfe\xba\xbe\0\0\0\x34")),
        ),
        ("false", NOTE, attached("a", b"\x7fELF")),
    ],
    "attachment_password_protected": [
        ("true", attached("a.zip", locked()), NOTE),
        ("false", {}, attached("a", locked())),
    ],
    "attachment_unsupported": [
        ("true", UNKNOWN, attached("a.zip", zipped(b_png=b"\x89PNG\r\n\x1a\n"))),
        ("true", attached("a.docx", document("x")[:-30]), attached("a.docx", document("x"))),
        ("false", NOTE, UNKNOWN),
    ],
    "attachment_unsupported_extension": [("dat", UNKNOWN, attached("note.dat", b"text"))],
    "attachment_limit_exceeded": [
        ("true", attached("a.gz", DEEP), NOTE),
    ],
    "attachment_property_words": [
        (
            "{Subject: payroll}",
            attached("a.docx", document("x", subject="The Payroll")),
            attached("a.docx", document("x", title="payroll")),
        ),
    ],
    "attachment_lacks_property": [
        (
            "Subject",
            attached("a.docx", document("x", title="x")),
            attached("a.docx", document("x", subject="x")),
        ),
        ("'sub*'", attached("a.docx", document("x")), attached("a.docx", document("x", subject="x"))),
        ("[a, subject]", attached("a.docx", document("x", subject=" ")), NOTE),
    ],
    "attachment_words": [
        (
            "top secret",
            attached("a.docx", document("top</w:t><w:t> secret")),
            attached("a.docx", document("top</w:t></w:p><w:p><w:t>secretary")),
        ),
        ("secret", attached("a.html", b"s<b>ec</b>ret"), attached("a.html", b"<secret>", text="secret")),
        (
            "secret",
            attached("a.zip", zipped(a_txt=b"secret", b_dat=b"\0")),
            attached("secret.zip", zipped(a_txt=b"x")),
        ),
    ],
    "attachment_matches": [
        (r"'\d{4} \d{4}'", attached("a.csv", b"1234 5678"), attached("a.csv", b"1234,5678"))
    ],
}
