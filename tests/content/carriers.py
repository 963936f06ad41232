"""The same text in many kinds of file, each written by a library of others where there is one."""

import base64
import bz2
import gzip
import html
import io
import lzma
import quopri
import struct
import tarfile
import zipfile
from collections.abc import Callable

import docx
import libarchive
import openpyxl
import pptx
import xlwt
from fpdf import FPDF

from postseal.body import Body
from postseal.message import Header, Message


def text_docx(text: str) -> bytes:
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    return _saved(document.save)


def text_xlsx(text: str) -> bytes:
    book = openpyxl.Workbook()
    for number, line in enumerate(text.splitlines(), start=1):
        book.active.cell(number, 1, line)
    return _saved(book.save)


def text_pptx(text: str) -> bytes:
    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.placeholders[1].text = text
    return _saved(slides.save)


def text_xls(text: str) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("one")
    for number, line in enumerate(text.splitlines()):
        sheet.write(number, 0, line)
    return _saved(book.save)


def text_pdf(text: str) -> bytes:
    page = FPDF()
    page.set_auto_page_break(auto=True)
    page.add_page()
    page.set_font("helvetica", size=9)
    for line in text.splitlines():
        page.cell(text=line.encode("latin-1", "replace").decode("latin-1"), new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


def text_odt(text: str) -> bytes:
    lines = "".join(f"<text:p>{html.escape(line)}</text:p>" for line in text.splitlines())
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        f"<office:body><office:text>{lines}</office:text></office:body></office:document-content>"
    )
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": content.encode()})


def text_rtf(text: str) -> bytes:
    def escaped(character: str) -> str:
        if character in "\\{}":
            return f"\\{character}"
        return character if character.isascii() else f"\\u{ord(character)}?"

    body = "\\par\n".join("".join(map(escaped, line)) for line in text.splitlines())
    return f"{{\\rtf1\\ansi {body}}}".encode("ascii")


def text_html(text: str) -> bytes:
    lines = "<br>".join("&#8203;".join(map(html.escape, line.split("~"))) for line in text.splitlines())
    return f"<html><body><p>{lines}</p></body></html>".encode()


def text_eml(text: str) -> bytes:
    return (
        b"From: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(text.encode())
    )


def text_tnef(text: str) -> bytes:
    return tnef(body=text)


def tnef(body: str = "", rtf: bytes = b"", files: dict[str, bytes] | None = None) -> bytes:
    """Outlook's format (MS-OXTNEF), made by hand: there is no library that writes it."""

    def attribute(level: int, identifier: int, octets: bytes) -> bytes:
        checksum = sum(octets) & 0xFFFF
        return struct.pack("<BII", level, identifier, len(octets)) + octets + struct.pack("<H", checksum)

    def variable(tag: int, kind: int, octets: bytes) -> bytes:
        return struct.pack("<HHII", kind, tag, 1, len(octets)) + octets + b"\0" * (-len(octets) % 4)

    properties = [variable(0x1000, 0x1F, f"{body}\0".encode("utf-16-le"))] if body else []
    if rtf:
        properties.append(variable(0x1009, 0x102, rtf))
    written = struct.pack("<IH", 0x223E9F78, 1)
    written += attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    written += attribute(1, 0x00069003, struct.pack("<I", len(properties)) + b"".join(properties))
    for name, octets in (files or {}).items():
        written += attribute(2, 0x00069002, b"\0" * 14)
        written += attribute(2, 0x00018010, name.encode() + b"\0")
        written += attribute(2, 0x0006800F, octets)
    return written


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, octets in files.items():
            archive.writestr(name, octets)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, octets in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(octets)
            archive.addfile(entry, io.BytesIO(octets))
    return buffer.getvalue()


def packed(
    format_name: str,
    files: dict[str, bytes],
    filter_name: str | None = None,
    *,
    options: str = "",
    passphrase: str | None = None,
) -> bytes:
    """An archive by libarchive."""
    buffer = bytearray()

    def write(octets: bytes) -> int:
        buffer.extend(octets)
        return len(octets)

    with libarchive.custom_writer(
        write, format_name, filter_name, options=options, passphrase=passphrase
    ) as archive:
        for name, octets in files.items():
            archive.add_file_from_memory(name, len(octets), octets)
    return bytes(buffer)


FILES: dict[str, Callable[[str], bytes]] = {
    "txt": str.encode,
    "utf-16.txt": lambda text: text.encode("utf-16"),
    "html": text_html,
    "docx": text_docx,
    "xlsx": text_xlsx,
    "pptx": text_pptx,
    "xls": text_xls,
    "odt": text_odt,
    "pdf": text_pdf,
    "rtf": text_rtf,
    "eml": text_eml,
    "dat": text_tnef,
    "zip": lambda text: zipped({"a/b.txt": text.encode()}),
    "docx.zip": lambda text: zipped({"b.docx": text_docx(text)}),
    "tar.gz": lambda text: gzip.compress(tarred({"b.txt": text.encode()})),
    "bz2": lambda text: bz2.compress(text.encode()),
    "xz": lambda text: lzma.compress(text.encode()),
    "7z": lambda text: packed("7zip", {"b.txt": text.encode()}),
    "cpio": lambda text: packed("cpio_newc", {"b.txt": text.encode()}),
    "ar": lambda text: packed("ar_bsd", {"b.txt": text.encode()}),
    "tar.zst": lambda text: packed("ustar", {"b.txt": text.encode()}, "zstd"),
}
"""Every kind of file, by the extension it usually has."""


def attached(name: str, octets: bytes, *, text: str = "see below") -> Message:
    """A message with a file attached whose label says nothing."""
    body = (
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + text.encode()
        + b'\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="'
        + name.encode()
        + b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.encodebytes(octets).replace(b"\n", b"\r\n")
        + b"--b--\r\n"
    )
    return Message((Header.of("Content-Type", "multipart/mixed; boundary=b"),), Body.of(body))


def plain(text: str, encoding: str = "8bit", content_type: str = "text/plain") -> Message:
    """A message with nothing but text."""
    encoders: dict[str, Callable[[bytes], bytes]] = {
        "8bit": bytes,
        "base64": base64.encodebytes,
        "quoted-printable": quopri.encodestring,
    }
    headers = (
        Header.of("Content-Type", f"{content_type}; charset=utf-8"),
        Header.of("Content-Transfer-Encoding", encoding),
    )
    return Message(headers, Body.of(encoders[encoding](text.encode())))


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    save(buffer)
    return buffer.getvalue()
