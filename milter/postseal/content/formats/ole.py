"""Files in Microsoft's compound format (MS-CFB): old Word, Excel and PowerPoint, Outlook messages.

Needs the extra `extract`.  olefile finds the streams; whether a document is encrypted is asked of
msoffcrypto, the cells of a workbook of calamine.  What is put into
a document is looked into as well.
"""

import io
import re
from collections.abc import Callable

import msoffcrypto
import olefile

from postseal.content import characters
from postseal.content.formats import old_office, outlook, property_set, sheets
from postseal.content.formats.streams import Streams
from postseal.content.inspection import Visit, protected, unsupported


def read(octets: bytes, visit: Visit) -> None:
    """Find out which kind of document it is, and read it."""
    with olefile.OleFileIO(io.BytesIO(octets)) as file:
        streams = {"/".join(path).lower(): path for path in file.listdir()}
        if "encryptedpackage" in streams:
            visit.item.kind = "application/vnd.ms-office.encrypted"
            raise protected()
        for name, media_type, reader in _KINDS:
            if name in streams:
                visit.item.kind = media_type
                if name in _ENCRYPTABLE and _encrypted(octets):
                    raise protected()
                reader(Streams(file, streams, visit), octets)
                visit.item.properties = _properties(file)
                break
        else:
            visit.item.opens = True
            _objects(Streams(file, streams, visit))


def _encrypted(octets: bytes) -> bool:
    try:
        return bool(msoffcrypto.OfficeFile(io.BytesIO(octets)).is_encrypted())
    except Exception:  # noqa: BLE001 (of a format that it does not know)
        return False


def _properties(file: olefile.OleFileIO) -> dict[str, str]:
    metadata = file.get_metadata()
    found = {}
    for name in (*metadata.SUMMARY_ATTRIBS, *metadata.DOCSUM_ATTRIBS):
        value = getattr(metadata, name, None)
        if isinstance(value, bytes) and value and name != "thumbnail":
            found[name] = characters.undeclared(value)[:10_000]
    if file.exists(property_set.STREAM):
        found |= property_set.custom(file.openstream(property_set.STREAM).read())
    return found


def _objects(streams: Streams) -> None:
    """A file that was put into a document: a package of Windows, or something that cannot be told."""
    for path in streams.paths:
        if path.endswith("\x01ole10native"):
            octets = streams.octets(path)
            found = re.match(
                rb"....(?:\x02\x00)([^\0]*)\0[^\0]*\0........([^\0]*)\0(....)", octets, re.DOTALL
            )
            if not found:
                raise unsupported("an embedded object cannot be read")
            size = int.from_bytes(found[3], "little")
            streams.visit.inside(characters.undeclared(found[1]), octets[found.end() : found.end() + size])
            return
        if path == "package":
            streams.visit.inside("package", streams.octets(path))
            return
        if path == "contents":
            streams.visit.inside("contents", streams.octets(path))
            return
    raise unsupported("nobody here reads this kind of compound file")


def _workbook(streams: Streams, octets: bytes) -> None:
    sheets.read(octets, streams.visit)
    _embedded(streams)


_NATIVE = re.compile(r"(.*)/\x01ole10native")


def _embedded(streams: Streams) -> None:
    """Files put into the document: their octets stand in storages of their own."""
    for path in streams.paths:
        if _NATIVE.fullmatch(path):
            inner = Streams(streams.file, {path.rpartition("/")[2]: streams.paths[path]}, streams.visit)
            _objects(inner)
        elif path.endswith("/package"):
            streams.visit.inside("package", streams.octets(path))
        elif re.search(r"/(?:worddocument|workbook|powerpoint document)$", path):
            streams.visit.unread(path, 0, unsupported("a document within an old document"))


_KINDS: tuple[tuple[str, str, Callable[[Streams, bytes], None]], ...] = (
    ("__properties_version1.0", "application/vnd.ms-outlook", outlook.read),
    ("worddocument", "application/msword", old_office.word),
    ("workbook", "application/vnd.ms-excel", _workbook),
    ("book", "application/vnd.ms-excel", _workbook),
    ("powerpoint document", "application/vnd.ms-powerpoint", old_office.slides),
)
_ENCRYPTABLE = frozenset({"worddocument", "workbook", "book", "powerpoint document"})
