"""Mails made to break, exhaust or mislead whoever looks into them; all of our own making."""

import base64
import bz2
import gzip
import lzma
import random
import struct
import zlib
from collections.abc import Callable, Iterator

from content.carriers import FILES, attached, tnef, zipped
from postseal.body import Body
from postseal.message import Header, Message

ZEROS = b"\0" * (64 << 20)


def raw(headers: list[tuple[bytes, bytes]], body: bytes) -> Message:
    return Message(tuple(Header(name, value) for name, value in headers), Body.of(body))


def nested_multiparts(levels: int) -> Message:
    opening = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (level, level + 1)
        for level in range(levels)
    )
    return raw([(b"Content-Type", b" multipart/mixed; boundary=b0")], opening + b"--b%d\r\n\r\nx" % levels)


def nested_messages(levels: int) -> Message:
    body = b"Content-Type: message/rfc822\r\n\r\n" * levels + b"\r\nx"
    return raw([(b"Content-Type", b" message/rfc822")], body)


def nested_zips(levels: int) -> bytes:
    octets = b"secret"
    for level in range(levels):
        octets = zipped({f"{level}.zip": octets})
    return octets


def overlapping_zip() -> bytes:
    """Thousands of entries that are all the same octets (a bomb without nesting)."""
    octets = zipped({"a": ZEROS[: 1 << 20]})
    directory = octets.index(b"PK\1\2")
    end = octets.index(b"PK\5\6")
    entry = octets[directory:end]
    count = 4000
    tail = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(entry) * count, directory, 0)
    return octets[:directory] + entry * count + tail


def lying_zip() -> bytes:
    """The directory says that the file has one octet."""
    octets = bytearray(zipped({"a": ZEROS[:10_000]}))
    struct.pack_into("<I", octets, octets.index(b"PK\1\2") + 24, 1)
    return bytes(octets)


def lying_tar() -> bytes:
    header = bytearray(512)
    header[:1] = b"a"
    header[124:136] = b"77777777777\0"
    header[156:157] = b"0"
    header[257:263] = b"ustar\0"
    header[148:156] = b"        "
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"x" * 512


def office(parts: dict[str, bytes]) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", **parts})


def laughing_docx() -> bytes:
    entities = b"".join(
        b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 12)
    )
    xml = b'<!DOCTYPE d [<!ENTITY l0 "ha">' + entities + b"]><d><t>&l11;</t></d>"
    return office({"word/document.xml": xml})


def deep_docx() -> bytes:
    return office({"word/document.xml": b"<d>" * 500_000})


def repeating_xlsx() -> bytes:
    strings = b"<sst><si><t>" + b"x" * (1 << 20) + b"</t></si></sst>"
    cells = b"<row>" + b'<c t="s"><v>0</v></c>' * 1000 + b"</row>"
    return office(
        {"xl/sharedStrings.xml": strings, "xl/worksheets/sheet1.xml": b"<d>" + cells * 100 + b"</d>"}
    )


def pdf(objects: list[bytes], trailer: bytes = b"") -> bytes:
    octets = bytearray(b"%PDF-1.7\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(octets))
        octets += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(octets)
    octets += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    octets += b"".join(b"%010d 00000 n \n" % place for place in places)
    octets += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        trailer,
        start,
    )
    return bytes(octets)


def looping_pdf() -> bytes:
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]/Parent 2 0 R>>"])


def looping_xref_pdf() -> bytes:
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 0/Kids[]>>"], b"/Prev 9")


def inflating_pdf() -> bytes:
    stream = zlib.compress(zlib.compress(ZEROS + ZEROS))
    content = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(stream), stream)
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, content])


def calling_pdf() -> bytes:
    """A form that draws itself."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>"
    form = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>/Length 11>>"
        b"stream\n/F Do /F Do\nendstream"
    )
    draw = b"<</Length 5>>stream\n/F Do\nendstream"
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, draw, form])


def lying_tnef() -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x8004, 0xFFFFFFFF) + b"x"


def many_properties_tnef() -> bytes:
    octets = struct.pack("<I", 0xFFFFFFFF) + b"\0" * 20
    return struct.pack("<IH", 0x223E9F78, 1) + struct.pack("<BII", 1, 0x69003, len(octets)) + octets + b"\0\0"


def looping_ole() -> bytes:
    """The allocation table of the workbook leads in circles."""
    octets = bytearray(FILES["xls"]("secret"))
    sector = struct.unpack_from("<I", octets, 0x4C)[0]
    table = 512 * (sector + 1)
    for at in range(table, table + 512, 4):
        struct.pack_into("<I", octets, at, 1)
    return bytes(octets)


ATTACHED: dict[str, Callable[[], bytes]] = {
    "zip-nested": lambda: nested_zips(50),
    "zip-bomb": lambda: zipped({f"{n}": ZEROS for n in range(6)}),
    "zip-overlapping": overlapping_zip,
    "zip-lying-size": lying_zip,
    "zip-many-names": lambda: zipped({f"{number}.txt": b"" for number in range(20_000)}),
    "zip-names": lambda: zipped({"../../etc/passwd": b"x", "a\\b\0c.txt": b"x", "x" * 60_000: b"x"}),
    "zip-cut": lambda: zipped({"a": b"x"})[:-10],
    "gzip-bomb": lambda: gzip.compress(ZEROS * 5),
    "gzip-nested-bomb": lambda: gzip.compress(gzip.compress(gzip.compress(ZEROS * 5))),
    "bzip2-bomb": lambda: bz2.compress(ZEROS) * 5,
    "xz-bomb": lambda: lzma.compress(ZEROS * 5, preset=0),
    "gzip-cut": lambda: gzip.compress(b"x" * 1000)[:20],
    "tar-lying-size": lying_tar,
    "7z-lying-header": lambda: b"7z\xbc\xaf\x27\x1c\0\4" + b"\xff" * 100,
    "rar-lying-header": lambda: b"Rar!\x1a\x07\x01\x00" + b"\xff" * 200,
    "cab-lying-header": lambda: b"MSCF\0\0\0\0" + b"\xff" * 200,
    "docx-entities": laughing_docx,
    "docx-deep": deep_docx,
    "xlsx-repeats": repeating_xlsx,
    "docx-no-xml": lambda: office({"word/document.xml": b"\0\xff"}),
    "odt-no-xml": lambda: zipped(
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<"}
    ),
    "pdf-pages-loop": looping_pdf,
    "pdf-xref-loop": looping_xref_pdf,
    "pdf-inflates": inflating_pdf,
    "pdf-draws-itself": calling_pdf,
    "pdf-empty": lambda: b"%PDF-",
    "rtf-braces": lambda: b"{\\rtf1" + b"{" * 2_000_000,
    "rtf-bin": lambda: b"{\\rtf1\\bin9999999999 secret}",
    "rtf-unicode": lambda: b"{\\rtf1\\uc100000" + b"\\u-1" * 200_000,
    "rtf-fonts": lambda: b"{\\rtf1{\\fonttbl" + b"{\\f1" * 200_000,
    "tnef-lying-length": lying_tnef,
    "tnef-many-properties": many_properties_tnef,
    "tnef-in-tnef": lambda: tnef("x", files={"a": tnef("y", files={"b": tnef("z")})}),
    "ole-loop": looping_ole,
    "ole-noise": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(1).randbytes(4096),
    "html-tags": lambda: b"<html>" + b"<style " * 300_000,
    "mail-nested": lambda: b"From: a\r\nTo: b\r\nSubject: c\r\nContent-Type: message/rfc822\r\n\r\n" * 400,
    "nothing": lambda: b"",
}

HEADERS = [(b"Content-Type", b" text/plain; charset=utf-8")]

WHOLE: dict[str, Callable[[], Message]] = {
    "multiparts-90": lambda: nested_multiparts(90),
    "multiparts-5000": lambda: nested_multiparts(5000),
    "messages-5000": lambda: nested_messages(5000),
    "parts-30000": lambda: raw(
        [(b"Content-Type", b" multipart/mixed; boundary=b")],
        b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * 30_000,
    ),
    "attachments-1500": lambda: raw(
        [(b"Content-Type", b" multipart/mixed; boundary=b")], b"--b\r\nContent-Type: a/b\r\n\r\nx\r\n" * 1500
    ),
    "boundaries-alike": lambda: raw(
        [(b"Content-Type", b" multipart/mixed; boundary=b")],
        b"--b\r\n\r\n--b--b\r\n--b \r\n--b\t--\r\n" * 1000,
    ),
    "boundary-twice": lambda: raw(
        [(b"Content-Type", b" multipart/mixed; boundary=a; boundary=b")], b"--b\r\n\r\nx"
    ),
    "field-names": lambda: raw([(b"\xff\xfe", b"x"), (b"", b"x"), (b"Subject ", b" secret"), *HEADERS], b"x"),
    "field-of-a-megabyte": lambda: raw(
        [(b"Subject", b" =?utf-8?q?" + b"=C3=BC" * 170_000 + b"?="), *HEADERS], b"x"
    ),
    "fields-30000": lambda: raw([(b"X", b" y")] * 30_000, b"x"),
    "comment-open": lambda: raw([(b"Content-Type", b" text/plain; " + b"(" * 100_000)], b"x"),
    "parameters": lambda: raw(
        [(b"Content-Type", b" text/plain" + b"".join(b"; a*%d*=x" % n for n in range(20_000)))], b"x"
    ),
    "quoted-printable-soft-breaks": lambda: raw(
        [*HEADERS, (b"Content-Transfer-Encoding", b" quoted-printable")], b"=\r\n" * 300_000 + b"=3"
    ),
    "quoted-printable-blanks": lambda: raw(
        [*HEADERS, (b"Content-Transfer-Encoding", b" quoted-printable")], b"=" + b" " * 1_000_000
    ),
    "base64-padding": lambda: raw(
        [*HEADERS, (b"Content-Transfer-Encoding", b" base64")], b"=" * 1_000_000 + b"QQ=="
    ),
    "base64-noise": lambda: raw([*HEADERS, (b"Content-Transfer-Encoding", b" base64")], b"\xff*" * 500_000),
    "charset-shifts": lambda: raw([(b"Content-Type", b" text/plain; charset=utf-7")], b"+AAA" * 250_000),
    "marks": lambda: raw(HEADERS, "a\u0301\u0316".encode() * 300_000),
    "encoded-message": lambda: raw(
        [(b"Content-Type", b" message/rfc822"), (b"Content-Transfer-Encoding", b" base64")],
        base64.encodebytes(b"Subject: x\r\n\r\nsecret"),
    ),
    "winmail": lambda: raw(
        [(b"Content-Type", b" application/ms-tnef"), (b"Content-Transfer-Encoding", b" base64")],
        base64.encodebytes(tnef("secret")),
    ),
}


def mutated(seed: int = 20_261_124) -> Iterator[tuple[str, bytes]]:
    """Files of every format with octets changed, cut out or put in."""
    chance = random.Random(seed)
    for extension, make in FILES.items():
        whole = make("secret 4532 0151 1283 0366")
        for number in range(4):
            octets = bytearray(whole)
            for _ in range(1 + number * 8):
                at = chance.randrange(len(octets))
                octets[at : at + chance.choice((0, 1, 1, 4))] = chance.randbytes(chance.choice((0, 1, 1, 4)))
            yield f"{extension}-{number}", bytes(octets)


def mails() -> Iterator[tuple[str, Callable[[], Message]]]:
    """All of them, by name."""
    for name, whole in WHOLE.items():
        yield name, whole
    for name, make in ATTACHED.items():
        yield name, lambda make=make: attached("file", make())
