"""A file in a mail: a safe name, a type that its octets bear out, and its octets in constant memory."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from postseal.body import Body
from postseal.cms import encoding
from postseal.content import kind as kinds
from postseal.reading.person import cleaned

UNKNOWN = kinds.UNKNOWN

# What is given its own type because its octets say so; no type here is run by a browser.
_BY_OCTETS = frozenset(
    {kinds.PDF, kinds.ZIP, kinds.MAIL, kinds.TEXT, "image/png", "image/jpeg", "image/gif", "image/webp"}
    | {"image/tiff", "image/bmp", "audio/mpeg", "audio/ogg", "audio/flac", "video/mp4", "application/gzip"}
    | {"application/x-7z-compressed", "application/rtf"}
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ZIPPED = {
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "docm": "application/vnd.ms-word.document.macroEnabled.12",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    "pptm": "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
OFFICE: Final = frozenset(_ZIPPED[each] for each in ("docx", "xlsx", "pptx", "docm", "xlsm", "pptm"))
"""Types of Word, Excel and PowerPoint (ECMA-376)."""
_OLE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
_OLD = frozenset(_OLE[each] for each in ("doc", "xls", "ppt"))
DOCUMENTS: Final = _OLD.union(_ZIPPED.values(), ["application/rtf"])
"""Types of documents whose text can be read."""
_TEXTS = {"csv": "text/csv", "ics": "text/calendar", "vcf": "text/vcard"}
_BEGINS = {"text/calendar": b"begin:vcalendar", "text/vcard": b"begin:vcard"}
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "message/rfc822": ".eml",
    "application/pdf": ".pdf",
    "application/vnd.ms-tnef": ".dat",
    "application/pkcs7-mime": ".p7m",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
}
_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')  # in Windows' names
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
_NAME = 150


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """Octets as they stand in a mail, under a Content-Transfer-Encoding; an unknown one reads as none."""

    body: Body
    encoding: str = "8bit"

    def pieces(self) -> Iterator[bytes]:
        """The decoded octets, in pieces."""
        if self.encoding == "base64":
            return encoding.from_base64(self.body.pieces())
        if self.encoding == "quoted-printable":
            return encoding.from_quoted_printable(self.body.pieces())
        return self.body.pieces()

    def first(self, count: int) -> bytes:
        """At most *count* decoded octets."""
        found, size = [], 0
        for piece in self.pieces():
            found.append(piece)
            size += len(piece)
            if size >= count:
                break
        return b"".join(found)[:count]

    @property
    def size(self) -> int:
        """How many they are, decoded; takes a pass."""
        plain = self.encoding not in {"base64", "quoted-printable"}
        return self.body.size if plain else sum(map(len, self.pieces()))


@dataclass(frozen=True, slots=True, eq=False)
class Attachment:
    """A file that can be saved.

    *number* is its place in the message, the same every time the message is viewed; numbers have gaps.
    *name* has no path, nothing invisible, and is never empty.  *kind* is a media type that no browser runs:
    one that the octets bear out, else application/octet-stream.  *shown*: whether the document shows it.
    """

    number: int
    name: str
    kind: str
    shown: bool = False
    content: Content = field(default=Content(Body.of(b"")), repr=False)

    @property
    def size(self) -> int:
        """How many octets it has; takes a pass over them each time."""
        return self.content.size

    def pieces(self) -> Iterator[bytes]:
        """Its octets, in pieces, in constant memory."""
        return self.content.pieces()


def attachment(number: int, name: str, declared: str, content: Content, *, shown: bool = False) -> Attachment:
    """The attachment that the sender calls *name* and *declared*."""
    first = content.first(kinds.FIRST)
    named = file_name(name) or f"{_word(declared)}-{number}{_EXTENSIONS.get(declared, '')}"
    return Attachment(number, named, media_type(first, named, declared), shown, content)


def media_type(first: bytes, name: str, declared: str) -> str:
    """The type of a file whose *first* octets are these; *name* and *declared* only tell kinds apart."""
    found = kinds.kind(first)
    extension = name.rpartition(".")[2].lower()
    if found == kinds.ZIP:
        return _ZIPPED.get(extension, found)
    if found == kinds.OLE:
        return _OLE.get(extension, UNKNOWN)
    if declared == kinds.MAIL and found == kinds.TEXT:
        return kinds.MAIL
    if found == kinds.TEXT:
        told = declared if declared in _BEGINS else _TEXTS.get(extension, kinds.TEXT)
        good = first.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_BEGINS.get(told, b""))
        return told if good else kinds.TEXT
    return found if found in _BY_OCTETS else UNKNOWN


def file_name(name: str) -> str:
    """*name* without folders, without what is invisible or forbidden anywhere; "" if nothing is left."""
    last = cleaned(unicodedata.normalize("NFC", name), limit=_LONGEST).replace("\\", "/").rpartition("/")[2]
    last = _FORBIDDEN.sub("_", last).strip(" .")
    if _DEVICES.match(last):
        last = f"_{last}"
    stem, dot, extension = last.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        return _cut(last, _NAME)
    return _cut(stem, _NAME - len(extension.encode()) - 1) + dot + extension


_LONGEST = 2000


def _cut(text: str, octets: int) -> str:
    return text.encode()[:octets].decode("utf-8", "ignore").rstrip(" .")


def _word(declared: str) -> str:
    return "message" if declared == "message/rfc822" else declared.partition("/")[0] or "part"
