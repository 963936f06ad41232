"""Reads the body of a form piece by piece.  What was not declared is refused."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

from multipart import MultipartError, ParserLimitReached, PushMultipartParser

from postseal.body import Spool
from postseal.portal.field import (
    Container,
    ContainerPart,
    Declared,
    File,
    FilePart,
    Files,
    Form,
    Text,
    TextPart,
)
from postseal.portal.refusal import Reason, Refused

_MEMORY: Final = 1 << 16
"""Octets of a file that may stay in memory: there may be many files."""


class Reader:
    """Reads multipart/form-data (RFC 7578) piece by piece.  Threads must take turns."""

    def __init__(self, boundary: str, declared: Declared, spool: Spool) -> None:
        self._declared = declared
        self._spool = replace(spool, threshold=min(spool.threshold, _MEMORY))
        most = sum(_times(each) for each in declared.values())
        self._parser = PushMultipartParser(boundary, max_segment_count=most)
        self._part: TextPart | FilePart | ContainerPart | None = None
        self._seen: dict[str, int] = {}
        self._number: dict[str, int] = {}
        self._together: dict[str, int] = {}
        self._files: list[File] = []
        self.texts: dict[str, str] = {}
        """What has come so far."""

    def feed(self, octets: bytes) -> None:
        """Read *octets*, the next ones.  Raises Refused, and what a sink raises."""
        if not octets:
            return
        try:
            for event in self._parser.parse(octets):
                if event is None:
                    self._end_part()
                elif isinstance(event, bytes | bytearray):
                    self._write(bytes(event))
                else:
                    self._begin_part(event.name or "", event.filename, event.content_type or "")
        except ParserLimitReached:
            raise Refused(Reason.TOO_MANY) from None
        except MultipartError:
            raise Refused(Reason.MALFORMED) from None

    def end(self) -> Form:
        """The form, if it was whole.  Raises Refused."""
        try:
            self._parser.close()
        except MultipartError:
            raise Refused(Reason.CUT_OFF) from None
        return Form(self.texts, tuple(self._files))

    def _begin_part(self, name: str, filename: str | None, kind: str) -> None:
        limits = self._declared.get(name)
        if limits is None:
            raise Refused(Reason.MALFORMED)
        if isinstance(limits, Files):
            self._part = FilePart(name, filename or "", kind, self._spool.draft(), limits)
            return
        self._seen[name] = self._seen.get(name, 0) + 1
        if self._seen[name] > _times(limits):
            raise Refused(Reason.MALFORMED)
        self._part = TextPart(name, limits) if isinstance(limits, Text) else ContainerPart(limits)

    def _write(self, octets: bytes) -> None:
        part = self._part
        if isinstance(part, FilePart):
            together = self._together.get(part.field, 0) + len(octets)
            if together > part.limits.together:
                raise Refused(Reason.FILES_TOO_LARGE, limit=part.limits.together)
            self._together[part.field] = together
            if not part.draft.size:
                self._count(part)
        if part is not None:
            part.write(octets)

    def _count(self, part: "FilePart") -> None:
        number = self._number.get(part.field, 0) + 1
        if number > part.limits.number:
            raise Refused(Reason.TOO_MANY_FILES, limit=part.limits.number)
        self._number[part.field] = number

    def _end_part(self) -> None:
        part, self._part = self._part, None
        if isinstance(part, TextPart):
            self.texts[part.name] = _joined(self.texts, part.name, part.text())
        elif isinstance(part, ContainerPart):
            part.end()
        elif part is not None and (part.draft.size or part.name):  # an empty field of files has neither
            if not part.draft.size:
                self._count(part)
            self._files.append(File(part.name, part.kind, part.draft.body()))


class Urlencoded:
    """Reads application/x-www-form-urlencoded, for forms of texts alone."""

    def __init__(self, declared: Mapping[str, Text]) -> None:
        self._declared = declared
        self._most = sum(
            each.number * (3 * (len(name.encode()) + each.octets) + 2) for name, each in declared.items()
        )
        self._octets = bytearray()
        self.texts: dict[str, str] = {}
        """What has come so far."""

    def feed(self, octets: bytes) -> None:
        """Read *octets*, the next ones.  Raises Refused."""
        self._octets += octets
        if len(self._octets) > self._most:
            raise Refused(Reason.TEXT_TOO_LONG)

    def end(self) -> Form:
        """The form.  Raises Refused."""
        most, seen = sum(each.number for each in self._declared.values()), Counter[str]()
        try:
            text = self._octets.decode("ascii")
            pairs = parse_qsl(text, True, True, errors="strict", max_num_fields=most) if text else []
        except ValueError:  # also what is no UTF-8
            raise Refused(Reason.MALFORMED) from None
        for name, value in pairs:
            limits, seen[name] = self._declared.get(name), seen[name] + 1
            if limits is None or seen[name] > limits.number:
                raise Refused(Reason.MALFORMED)
            if len(value.encode()) > limits.octets:
                raise Refused(Reason.TEXT_TOO_LONG, limit=limits.octets)
            self.texts[name] = _joined(self.texts, name, value)
        return Form(self.texts)


def _times(limits: Text | Files | Container) -> int:
    """How often a field may come; one more of files, as an empty field of them comes, too."""
    if isinstance(limits, Files):
        return limits.number + 1
    return limits.number if isinstance(limits, Text) else 1


def _joined(texts: Mapping[str, str], name: str, value: str) -> str:
    return f"{texts[name]}\n{value}" if name in texts else value
