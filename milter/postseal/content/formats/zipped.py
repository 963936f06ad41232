"""Zip files: archives, and documents that are kept in such."""

import io
import zipfile

from postseal.content.formats import office
from postseal.content.formats.archive import stored
from postseal.content.inspection import Exhausted, Unread, Visit, protected, unsupported

_ENCRYPTED = 1
"""Flag of an entry (APPNOTE 4.4.4)."""


def read(octets: bytes, visit: Visit) -> None:
    """A document if it is one of a known kind; else every file."""
    try:
        file = zipfile.ZipFile(io.BytesIO(octets))
    except (zipfile.BadZipFile, NotImplementedError):
        raise unsupported("it is damaged") from None
    with file:
        names = {entry.filename for entry in file.infolist()}
        if "[Content_Types].xml" in names and (kind := office.ooxml_kind(names)):
            visit.item.kind = kind
            office.ooxml(file, visit, octets)
        elif (odf := _declared(file, visit)).startswith("application/vnd.oasis.opendocument"):
            visit.item.kind = odf
            office.odf(file, visit)
        else:
            if "META-INF/MANIFEST.MF" in names:
                visit.item.kind = "application/java-archive"
            visit.item.opens = True
            for entry in file.infolist():
                if not entry.is_dir():
                    unpack(file, entry, visit)


def unpack(file: zipfile.ZipFile, entry: zipfile.ZipInfo, visit: Visit) -> None:
    """Look into the *entry*."""
    try:
        octets = member(file, entry, visit)
    except (Exhausted, MemoryError):
        raise
    except Unread as unread:
        visit.unread(entry.filename, entry.file_size, unread)
    except Exception as error:  # noqa: BLE001 (each module of a compression raises its own)
        damaged = unsupported(f"it cannot be unpacked ({type(error).__name__})")
        visit.unread(entry.filename, entry.file_size, damaged)
    else:
        visit.inside(entry.filename, octets)


def member(file: zipfile.ZipFile, entry: zipfile.ZipInfo | str, visit: Visit) -> bytes:
    """The octets of an entry.  Raises Unread."""
    info = file.getinfo(entry) if isinstance(entry, str) else entry
    if info.flag_bits & _ENCRYPTED:
        raise protected()
    with file.open(info) as content:
        return stored(visit, content)


def _declared(file: zipfile.ZipFile, visit: Visit) -> str:
    """What a document says it is in the file made for that (OpenDocument 1.3, part 2, 3.3)."""
    try:
        return member(file, "mimetype", visit)[:100].decode("ascii").strip()
    except (KeyError, UnicodeDecodeError, zipfile.BadZipFile, Unread):
        return ""
