"""Documents of Office (ECMA-376) and OpenDocument (ISO/IEC 26300): the text of every part of them.

Libraries that edit documents leave out what they do not edit, and a reader sees all the same: headers,
footnotes, comments, text boxes, deleted text.  Here every XML part is read, and files within are looked into.
"""

import re
import zipfile
from collections.abc import Mapping

from postseal.content.formats import xml
from postseal.content.formats.entry import member, unpack
from postseal.content.inspection import Visit, protected

_OOXML = {
    "word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "visio/": "application/vnd.ms-visio.drawing",
}
_XLSB = "application/vnd.ms-excel.sheet.binary.macroEnabled.12"
_TEXT = frozenset({"t", "delText", "instrText", "Text", "text"})
_BREAKS = {
    **dict.fromkeys(("p", "br", "cr", "si", "comment", "tr", "txbxContent", "sp", "Shape", "Text"), "\n"),
    **dict.fromkeys(("tab", "tc", "ptab"), "\t"),
    "noBreakHyphen": "-",
}
_WRITTEN = {"sheet": "name", "cNvPr": "descr", "docPr": "descr"}
_NO_TEXT = re.compile(
    r"\[Content_Types\]\.xml|.*\.rels|.*/theme/.*|.*/printerSettings/.*|.*(?:vbaProject|vbaData|activeX|oleSize)[^/]*"
    r"|.*/media/[^/]*\.(?:png|jpe?g|gif|emf|wmf|tiff?|bmp|wdp|svg)|docProps/thumbnail.*|.*\.vml|.*/calcChain\.xml",
    re.IGNORECASE,
)
_SHEET = re.compile(r"xl/(?:work|macro|dialog|chart)sheets/[^/]*\.xml", re.IGNORECASE)
_ODF_BREAKS = {
    **dict.fromkeys(("p", "h", "table-row", "line-break", "list-item", "annotation"), "\n"),
    **dict.fromkeys(("tab", "table-cell"), "\t"),
    "s": " ",
}


def ooxml_kind(names: set[str]) -> str:
    """The media type of the Office document that has parts with these *names*; "" if it is none."""
    if "xl/workbook.bin" in names:
        return _XLSB
    return next((kind for folder, kind in _OOXML.items() if any(n.startswith(folder) for n in names)), "")


def ooxml(file: zipfile.ZipFile, visit: Visit, octets: bytes) -> None:
    """Read an Office document."""
    strings: list[str] = []
    properties: dict[str, str] = {}
    visit.item.properties = properties
    entries = sorted(file.infolist(), key=lambda entry: _place(entry.filename))
    if visit.item.kind == _XLSB:
        _cells(octets, visit)
    for entry in entries:
        name = entry.filename
        if entry.is_dir() or _NO_TEXT.fullmatch(name):
            continue
        if name.startswith("docProps/"):
            named_by = "name" if name.endswith("custom.xml") else ""
            properties |= xml.properties(member(file, entry, visit), named_by=named_by)
        elif name == "xl/sharedStrings.xml":
            strings = _strings(member(file, entry, visit))
        elif _SHEET.fullmatch(name):
            _sheet(member(file, entry, visit), strings, visit)
        elif name.endswith(".xml"):
            within = frozenset[str]() if name.startswith("customXml/item") else _TEXT
            text = xml.text(member(file, entry, visit), within=within, breaks=_BREAKS, written=_WRITTEN)
            if text.strip():
                visit.text(text)
        elif visit.item.kind != _XLSB or not name.endswith(".bin"):
            unpack(file, entry, visit)


def _place(name: str) -> int:
    """When the part of that *name* is read: strings before the cells that name them, slides before moulds."""
    if name == "xl/sharedStrings.xml":
        return 0
    return 2 if re.match("ppt/(?:slideLayouts|slideMasters|notesMasters|handoutMasters)/", name) else 1


def _cells(octets: bytes, visit: Visit) -> None:
    """The cells of a binary workbook."""
    from postseal.content.formats import sheets  # noqa: PLC0415 (its library need not be installed)

    sheets.read(octets, visit)


def _strings(octets: bytes) -> list[str]:
    """The shared strings of a workbook (ECMA-376 part 1, 18.4)."""
    strings: list[str] = []
    pieces: list[str] = []
    inside = 0

    def start(name: str, _: Mapping[str, str]) -> None:
        nonlocal inside
        inside += name == "t"

    def end(name: str) -> None:
        nonlocal inside
        inside -= name == "t"
        if name == "si":
            strings.append("".join(pieces))
            pieces.clear()

    xml.parse(octets, start, end, lambda text: pieces.append(text) if inside else None)
    return strings


def _sheet(octets: bytes, strings: list[str], visit: Visit) -> None:
    """The cells of a sheet, a line for each row (ECMA-376 part 1, 18.3.1)."""
    row: list[str] = []
    pieces: list[str] = []
    kind = ""
    inside = 0

    def start(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal kind, inside
        if name == "c":
            kind = attributes.get("t", "n")
        inside += name in _VALUES

    def end(name: str) -> None:
        nonlocal inside
        inside -= name in _VALUES
        if name in {"c", "oddHeader", "oddFooter"}:
            row.append(_shown("".join(pieces), kind if name == "c" else "", strings))
            pieces.clear()
        if name in {"row", "headerFooter"}:
            visit.text("\t".join(row))
            row.clear()

    xml.parse(octets, start, end, lambda text: pieces.append(text) if inside else None)
    visit.text("\t".join([*row, *pieces]))


_VALUES = frozenset({"v", "t", "oddHeader", "oddFooter"})


def _shown(value: str, kind: str, strings: list[str]) -> str:
    """A cell's value as the sheet shows it, when it has no format of its own."""
    if kind == "s":
        return strings[int(value)] if value.isdigit() and int(value) < len(strings) else ""
    return number(value) if kind == "n" else value


def number(value: str) -> str:
    """A number without exponent, where it is whole: 4.111E15 is how a file may write a long one."""
    if re.fullmatch(r"-?\d*", value):
        return value
    try:
        exact = float(value)
    except ValueError:
        return value
    return str(int(exact)) if exact.is_integer() and abs(exact) < 1e17 else value


def odf(file: zipfile.ZipFile, visit: Visit) -> None:
    """Read an OpenDocument document."""
    names = set(file.namelist())
    if "META-INF/manifest.xml" in names and b"encryption-data" in member(
        file, "META-INF/manifest.xml", visit
    ):
        raise protected()
    for entry in file.infolist():
        name = entry.filename
        if entry.is_dir() or name.startswith(("META-INF/", "Thumbnails/", "Configurations2/")):
            continue
        last = name.rpartition("/")[2]
        if last == "meta.xml":
            octets = member(file, entry, visit)
            visit.item.properties = xml.properties(octets) | xml.properties(octets, named_by="name")
        elif last in {"content.xml", "styles.xml"}:
            octets = member(file, entry, visit)
            visit.text(xml.text(octets, within=frozenset(), breaks=_ODF_BREAKS, written={"table": "name"}))
        elif last not in {"mimetype", "settings.xml", "manifest.rdf", "layout-cache"}:
            unpack(file, entry, visit)
