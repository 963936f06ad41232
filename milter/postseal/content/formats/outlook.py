"""Outlook's messages as files, .msg (MS-OXMSG); needs the extra `extract`."""

import re

import compressed_rtf

from postseal.content import characters, html
from postseal.content.formats import rtf
from postseal.content.formats.streams import Streams
from postseal.content.inspection import Visit, unsupported

_PROPERTY = re.compile(r"(.*?)__substg1\.0_([0-9a-f]{4})([0-9a-f]{4})")
_ATTACHED = re.compile(r"(?:.*/)?__attach_version1\.0_#[0-9a-f]{8}/")


def read(streams: Streams, _: bytes) -> None:
    """The texts of a message, and its attachments (MS-OXMSG 2.1)."""
    visit = streams.visit
    visit.item.opens = True
    names: dict[str, dict[str, str]] = {}
    for path in streams.paths:
        found = _PROPERTY.fullmatch(path)
        if not found:
            continue
        storage, tag, kind = found.groups()
        if kind in {"001f", "001e"} and tag in _OUTLOOK_TEXTS:
            visit.text(_outlook_text(streams.octets(path), kind))
        elif tag == "1013":
            visit.text(html.visible(characters.of_file(streams.octets(path))))
        elif tag == "1009":
            visit.text(_unpacked_rtf(visit, streams.octets(path)))
        elif tag in {"3707", "3704"}:
            names.setdefault(storage, {})[tag] = _outlook_text(streams.octets(path), kind)
    for path in streams.paths:
        found = _PROPERTY.fullmatch(path)
        if found and found[2] == "3701" and found[3] == "0102" and _ATTACHED.fullmatch(found[1]):
            name = names.get(found[1], {})
            visit.inside(name.get("3707") or name.get("3704") or "unnamed", streams.octets(path))
        elif re.search(r"__substg1\.0_3701000d/(?:worddocument|workbook|powerpoint document|\x01ole)", path):
            visit.unread("object", 0, unsupported("an object within a message"))


_OUTLOOK_TEXTS = frozenset({"0037", "1000", "0c1a", "0e04", "0e03", "1013"})


def _outlook_text(octets: bytes, kind: str) -> str:
    return octets.decode("utf-16-le", "replace") if kind == "001f" else characters.undeclared(octets)


def _unpacked_rtf(visit: Visit, octets: bytes) -> str:
    return rtf.text(visit.unpacked(compressed_rtf.decompress(octets)))
