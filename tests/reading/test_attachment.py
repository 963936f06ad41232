"""Attachments: safe names, types that the octets bear out, octets as a stream."""

import pytest

from content.carriers import text_docx, text_pdf, text_xls, zipped
from postseal.reading.attachment import file_name, media_type
from reading.mails import png


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\evil.exe", "evil.exe"),
        ("..", ""),
        ("/", ""),
        ("", ""),
        (".htaccess", "htaccess"),
        ("a\0b\r\nc.txt", "ab c.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("x.exe\u200b.pdf", "x.exe.pdf"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("name. . .", "name"),
        ("ä" * 300 + ".docx", "ä" * 72 + ".docx"),
        ("x." + "y" * 300, "x." + "y" * 148),
        ("e\u0301.txt", "é.txt"),
        ("報告.pdf", "報告.pdf"),
    ],
)
def test_file_name(name: str, safe: str):
    assert file_name(name) == safe


@pytest.mark.parametrize(
    ("octets", "name", "declared", "kind"),
    [
        (png(), "a.png", "image/png", "image/png"),
        (png(), "a.html", "text/html", "image/png"),
        (text_pdf("x"), "a", "application/octet-stream", "application/pdf"),
        (
            text_docx("x"),
            "a.docx",
            "application/zip",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (text_docx("x"), "a.zip", "text/html", "application/zip"),
        (text_xls("x"), "a.xls", "", "application/vnd.ms-excel"),
        (zipped({"a": b""}), "a.jar", "application/java-archive", "application/zip"),
        (b"<html><script>x</script>", "a.txt", "text/plain", "application/octet-stream"),
        (b"<script>x</script>", "a.html", "text/html", "application/octet-stream"),
        (b"<?xml version='1.0'?><svg/>", "a.svg", "image/svg+xml", "application/octet-stream"),
        (b"MZ\0\0", "a.pdf", "application/pdf", "application/octet-stream"),
        (b"plain", "a.js", "text/javascript", "text/plain"),
        (b"a;b", "a.csv", "", "text/csv"),
        (b"BEGIN:VCALENDAR\r\n", "a", "text/calendar", "text/calendar"),
        (b"BEGIN:VCARD\r\n", "a.vcf", "text/x-vcard", "text/vcard"),
        (b"<b>", "a.vcf", "text/vcard", "text/plain"),
        (b"", "a", "", "application/octet-stream"),
    ],
)
def test_media_type_is_what_the_octets_bear_out(octets: bytes, name: str, declared: str, kind: str):
    assert media_type(octets, name, declared) == kind
