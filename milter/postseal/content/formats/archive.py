"""Archives and compressed files, but for zip: what every Python reads, and what libarchive reads besides.

libarchive is Debian's, and mended there; Python's own modules come first, so that tar and gzip need nothing.
"""

import bz2
import gzip
import io
import lzma
import tarfile
from typing import Protocol

from postseal.content.inspection import Reader, Unread, Visit, protected, unsupported

_SUFFIXES = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".taz": ".tar", ".tzst": ".tar"}


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def stored(visit: Visit, file: _Readable) -> bytes:
    """All of *file*, if it unpacks to no more than may be."""
    return visit.unpacked(file.read(visit.room + 1))


def _gzip(octets: bytes, visit: Visit) -> None:
    with gzip.GzipFile(fileobj=io.BytesIO(octets)) as file:
        visit.inside(_bare(visit), stored(visit, file))


def _bzip2(octets: bytes, visit: Visit) -> None:
    with bz2.BZ2File(io.BytesIO(octets)) as file:
        visit.inside(_bare(visit), stored(visit, file))


def _xz(octets: bytes, visit: Visit) -> None:
    with lzma.LZMAFile(io.BytesIO(octets)) as file:
        visit.inside(_bare(visit), stored(visit, file))


def _bare(visit: Visit) -> str:
    """The name of what a compressed file holds."""
    stem, dot, suffix = visit.item.name.rpartition(".")
    return stem + _SUFFIXES.get(f".{suffix.lower()}", "") if dot and stem else visit.item.name


def _tar(octets: bytes, visit: Visit) -> None:
    with tarfile.open(fileobj=io.BytesIO(octets), mode="r:") as archive:
        for member in archive:
            if (file := archive.extractfile(member) if member.isreg() else None) is not None:
                visit.inside(member.name, stored(visit, file))
    visit.item.opens = True


READERS: dict[str, Reader] = {
    "application/gzip": _gzip,
    "application/x-bzip2": _bzip2,
    "application/x-xz": _xz,
    "application/x-tar": _tar,
}

try:
    import libarchive
except (ImportError, AttributeError, MemoryError, OSError, TypeError):  # library or binding is not there
    pass
else:

    def _any(octets: bytes, visit: Visit) -> None:
        """What libarchive knows."""
        visit.item.opens = True
        with libarchive.memory_reader(octets) as archive:
            entries = iter(archive)
            while True:
                try:
                    entry = next(entries, None)
                except libarchive.ArchiveError as error:
                    raise _told(error) from None
                if entry is None:
                    break
                if not entry.isfile:
                    continue
                name = entry.pathname or "unnamed"
                pieces = []
                left = visit.room + 1
                try:
                    for block in entry.get_blocks():
                        pieces.append(bytes(block[:left]))
                        left -= len(pieces[-1])
                        if left <= 0:
                            break
                except libarchive.ArchiveError as error:
                    visit.unread(name, entry.size or 0, _told(error))
                else:
                    visit.inside(name, visit.unpacked(b"".join(pieces)))

    def _told(error: Exception) -> Unread:
        words = str(error).lower()
        if "encrypt" in words or "passphrase" in words or "password" in words:
            return protected()
        return unsupported("it is damaged, or packed in a way that nobody here reads")

    def _compressed(octets: bytes, visit: Visit) -> None:
        """One compressed file, which need not be an archive."""
        visit.item.opens = True
        with libarchive.memory_reader(octets, format_name="raw") as archive:
            for entry in archive:
                pieces, left = [], visit.room + 1
                for block in entry.get_blocks():
                    pieces.append(bytes(block[:left]))
                    left -= len(pieces[-1])
                    if left <= 0:
                        break
                visit.inside(_bare(visit), visit.unpacked(b"".join(pieces)))

    _NAMES = ("x-7z-compressed", "vnd.rar", "vnd.ms-cab-compressed", "x-cpio", "x-xar", "x-lha", "x-archive")
    READERS |= {f"application/{name}": _any for name in _NAMES}
    READERS |= {f"application/{name}": _compressed for name in ("zstd", "x-lz4", "x-lzip", "x-compress")}
