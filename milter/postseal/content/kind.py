"""What octets are, told by the octets: names and labels are chosen by the sender.

A small table rather than a library of thousands of signatures: each line here decides whether
something is opened, passed over as textless, or counts as not inspectable, so each has to be
understood.  What is not in the table and does not look like text is `UNKNOWN`.
"""

import re

UNKNOWN = "application/octet-stream"
EMPTY = "application/x-empty"
TEXT = "text/plain"
HTML = "text/html"
XML = "application/xml"
ZIP = "application/zip"
OLE = "application/x-ole-storage"
PDF = "application/pdf"
RTF = "application/rtf"
TNEF = "application/vnd.ms-tnef"
MAIL = "message/rfc822"
EXECUTABLE = "application/vnd.microsoft.portable-executable"
ENCRYPTED_CMS = "application/pkcs7-mime"
SIGNATURE = "application/pkcs7-signature"

FIRST = 8192
"""Octets of the beginning that tell what something is; only a PDF may begin later, by 1024."""

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", ZIP),
    (0, b"PK\x05\x06", ZIP),  # an empty one
    (0, b"PK00PK\x03\x04", ZIP),  # one volume of one
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x04\x22\x4d\x18", "application/x-lz4"),
    (0, b"LZIP\x01", "application/x-lzip"),
    (0, b"\x1f\x9d", "application/x-compress"),
    (0, b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (257, b"ustar", "application/x-tar"),
    (0, b"!<arch>\n", "application/x-archive"),
    (0, b"070701", "application/x-cpio"),
    (0, b"xar!", "application/x-xar"),
    (2, b"-lh", "application/x-lha"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"{\\rt", RTF),  # Word reads it without the "f" as well
    (0, b"\x78\x9f\x3e\x22", TNEF),
    # Programs: of Windows, DOS and OS/2 alike; of Linux; of macOS.
    (0, b"MZ", EXECUTABLE),
    (0, b"ZM", EXECUTABLE),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (0, b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (0, b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"8BPS", "image/vnd.adobe.photoshop"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (40, b" EMF", "image/emf"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1a\x45\xdf\xa3", "video/x-matroska"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\x00", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
)

_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/x-wav", b"AVI ": "video/x-msvideo"}

CONTAINERS = frozenset(
    {*(ZIP, TNEF, MAIL, "application/gzip", "application/zstd", "application/vnd.rar")}
    | {f"application/x-{name}" for name in ("7z-compressed", "bzip2", "xz", "lz4", "lzip", "compress", "tar")}
    | {f"application/x-{name}" for name in ("archive", "cpio", "xar", "lha")}
    | {"application/vnd.ms-cab-compressed"}
)
"""What is made to hold files; where one cannot be opened, files may be there that nobody saw."""

EXECUTABLES = frozenset({EXECUTABLE, "application/x-elf", "application/x-mach-binary"})

_TEXTLESS = frozenset({SIGNATURE, EMPTY, "application/vnd.ms-office.vbaproject"})

# ContentInfo: SEQUENCE, length, OID (RFC 5652 §3); then what OID.
_CMS = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x06"
    rb"(?:(?P<sealed>\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03|\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17)"
    rb"|(?P<signed>\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02))",
    re.DOTALL,
)
# An EncapsulatedContentInfo without content, in definite and in indefinite length.
_DETACHED = re.compile(
    rb"\x30(?:\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01|\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01\x00\x00)"
)
_PDF = re.compile(rb"%PDF-|%!PS-Adobe-\d\.\d PDF-")
_HTML = re.compile(
    rb"\s*(?:<!--.{0,500}?-->\s*)*<(?:!doctype\s+html|html|head|body|meta|title|table|div|script)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_FIELD = re.compile(rb"(?:From [^\r\n]*\r?\n)?(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*)+", re.ASCII)
_FIELDS = re.compile(
    rb"(?im)^(?:return-path|received|from|to|subject|date|message-id|mime-version|content-type):"
)
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def kind(octets: bytes) -> str:
    """The media type of *octets*, as far as their beginning tells; archives and OLE files are only that."""
    return _signed(octets) or _structured(octets) or _text(octets)


def _signed(octets: bytes) -> str:
    """What the first octets say outright, "" if nothing."""
    for offset, signature, found in _SIGNATURES:
        if octets.startswith(signature, offset):
            if found == "application/java-vm" and octets[6:8] < b"\x00\x2d":
                return "application/x-mach-binary"  # for several processors
            if found == "application/x-bzip2" and octets[4:10] not in {b"1AY&SY", b"\x17rE8P\x90"}:
                continue
            return found
    if octets.startswith(b"RIFF"):
        return _RIFF.get(octets[8:12], "")
    return "image/bmp" if octets.startswith(b"BM") and octets[6:10] == b"\0\0\0\0" else ""


def _structured(octets: bytes) -> str:
    """What takes more than a comparison, "" if it is none of these."""
    if not octets:
        return EMPTY
    if cms := _CMS.match(octets):
        if cms["sealed"]:
            return ENCRYPTED_CMS
        return SIGNATURE if _DETACHED.search(octets, cms.end(), cms.end() + 200) else UNKNOWN
    return PDF if _PDF.search(octets, 0, 1024) else ""


def textless(media_type: str) -> bool:
    """Whether files of this type hold no text, or none that could be read without understanding pictures."""
    return media_type.startswith(("image/", "audio/", "video/", "font/")) or media_type in _TEXTLESS


def executable(media_type: str, name: str) -> bool:
    """Whether it is a program; those of DOS without any mark are told by name, if nothing else is known."""
    return media_type in EXECUTABLES or (
        media_type in {UNKNOWN, TEXT} and name.lower().endswith((".com", ".pif"))
    )


def _text(octets: bytes) -> str:
    """Which kind of text it is, or UNKNOWN."""
    if not octets.startswith(_MARKS) and _CONTROLS.search(octets):
        return UNKNOWN
    if _HTML.match(octets, 0, FIRST):
        return HTML
    if octets.lstrip()[:5].lower() == b"<?xml":
        return XML
    if (block := _FIELD.match(octets, 0, FIRST)) and len(
        set(map(bytes.lower, _FIELDS.findall(block[0])))
    ) >= 3:
        return MAIL
    return TEXT
