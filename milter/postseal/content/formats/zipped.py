"""Zip files: archives, and documents that are kept in such."""

import io
import zipfile

from postseal.content.formats import office
from postseal.content.formats.entry import member, unpack
from postseal.content.inspection import Unread, Visit, unsupported


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


def _declared(file: zipfile.ZipFile, visit: Visit) -> str:
    """What a document says it is in the file made for that (OpenDocument 1.3, part 2, 3.3)."""
    try:
        return member(file, "mimetype", visit)[:100].decode("ascii").strip()
    except (KeyError, UnicodeDecodeError, zipfile.BadZipFile, Unread):
        return ""
