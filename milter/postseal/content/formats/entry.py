"""The entries of a zip file, of an archive or of a document that is kept in one."""

import zipfile

from postseal.content.formats.archive import stored
from postseal.content.inspection import Exhausted, Unread, Visit, protected, unsupported

_ENCRYPTED = 1
"""Flag of an entry (APPNOTE 4.4.4)."""


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
