"""YAML as text with places: what an administrator wrote, and where; nothing is guessed.

`load` and `parse` turn a file into frozen nodes.  A scalar stays text until a declared type reads it
(see `binding`), so `no`, `012` and `1:30` mean nothing by themselves.  Two equal keys, anchors,
aliases, tags and second documents are refused; so nothing grows beyond the size of its file.
Whatever is wrong is raised as `BadInput` with its place and a hint; no other exception leaves.
"""

import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import yaml

from postseal.errors import BadInput, Place, Problem

MAX_BYTES = 16 << 20
MAX_DEPTH = 32

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The characters YAML 1.1 §5.1 allows, less U+FEFF: inside a file it is invisible and never meant.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A word or a text.  *plain*: written without quotes, so an empty one is a value left out."""

    text: str
    place: Place
    plain: bool = True

    @property
    def missing(self) -> bool:
        """Whether nothing was written where a value belongs."""
        return self.plain and not self.text


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping."""

    key: Scalar
    value: "Node"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order written; no key twice."""

    entries: tuple[Entry, ...]
    place: Place


Node = Scalar | Sequence | Mapping


def bad(place: Place, what: str, hint: str = "") -> BadInput:
    """The exception for one problem."""
    return BadInput([Problem(place, what, hint)])


class Problems:
    """Collects what is wrong, so that an administrator reads all of it at once."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, place: Place, what: str, hint: str = "") -> None:
        """Note one problem and go on."""
        self._found.append(Problem(place, what, hint))

    def collect(self) -> Self:
        """A context: the problems of a BadInput raised inside are noted, and what follows it goes on."""
        return self

    def __enter__(self) -> None:
        """See `collect`; one for all blocks, since a large policy has a hundred thousand."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """See `collect`."""
        if isinstance(error, BadInput):
            self._found.extend(error.problems)
            return True
        return False

    def __len__(self) -> int:
        return len(self._found)

    def settle(self) -> None:
        """Raise all that was noted; return if there is nothing."""
        if self._found:
            raise BadInput(list(dict.fromkeys(self._found)))  # two rooms may read the same file


def load(path: Path) -> Node:
    """The document in the file *path*, which must be a regular file of at most 16 MiB of UTF-8."""
    return parse(read(path), str(path))


def read(path: Path) -> bytes:
    """The octets of the regular file *path*."""
    place = Place(str(path))
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a FIFO would wait for ever
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
            raise bad(place, f"this is {kind}, not a file", "name a regular file")
        if status.st_size > MAX_BYTES:
            raise bad(place, f"the file is larger than {MAX_BYTES >> 20} MiB", "split it into several files")
        return path.read_bytes()
    except FileNotFoundError:
        raise bad(place, "there is no such file", "create it, or correct the path") from None
    except OSError as error:
        reason = (error.strerror or "unknown error").lower()
        raise bad(place, f"cannot be read: {reason}", "see the file's owner and mode") from None


def parse(octets: bytes, file: str) -> Node:
    """The single document in *octets*; *file* is the name that places bear."""
    text = _decode(octets, file)
    problems = Problems()
    composer = _Composer(_Loader(text).get_event, file, problems)
    node: Node | None = None
    try:
        with problems.collect():
            node = composer.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if mark is None or "end of stream" in (error.problem or ""):  # what is open began at the context
            mark = error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        what = ", ".join(filter(None, [error.context, error.problem]))
        problems.add(place, f"not valid YAML: {what}", _syntax_hint(text, error))
    except yaml.YAMLError as error:
        problems.add(Place(file), f"not valid YAML: {error}")
    problems.settle()
    if node is None:
        raise bad(Place(file), "the file is empty", "write something into it, or remove it")
    return node


def lines(octets: bytes, file: str) -> tuple[Scalar, ...]:
    """The lines of a plain text as values; empty lines and those that begin with # do not count."""
    found = []
    for number, line in enumerate(_decode(octets, file).splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#"):
            column = len(line) - len(line.lstrip()) + 1
            found.append(Scalar(text, Place(file, number, column), plain=False))
    return tuple(found)


def _decode(octets: bytes, file: str) -> str:
    save = "save the file as UTF-8 without a byte order mark"
    if octets.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise bad(Place(file, 1, 1), "the file begins with a byte order mark", save)
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as error:
        before = octets[: error.start].decode("utf-8")
        raise bad(_at(file, before), f"not UTF-8: octet 0x{octets[error.start]:02x}", save) from None
    if found := _UNPRINTABLE.search(text):
        place = _at(file, text[: found.start()])
        raise bad(place, f"control or invisible character U+{ord(found[0]):04X}", "remove it")
    return text


def _at(file: str, before: str) -> Place:
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _syntax_hint(text: str, error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    mark = error.problem_mark
    lines = text.split("\n")
    line = lines[mark.line] if mark and mark.line < len(lines) else ""
    if mark and line[mark.column : mark.column + 1] == "\t":
        return "indent with spaces, not with tabs"
    if "end of stream" in problem:
        return "close the quote that opens here"
    if "escape" in problem:
        return "put patterns and backslashes in single quotes"
    if "alias" in (error.context or "") or "cannot start any token" in problem:
        return "put text that begins with a special character in quotes"
    if "mapping values" in problem:
        return "put text that contains ': ' in quotes, or mend the indentation"
    return "mend the indentation, brackets or quotes here or just above"


class _Composer:
    """Builds nodes from parser events; what YAML allows and we do not becomes a problem."""

    def __init__(self, events: Callable[[], yaml.Event], file: str, problems: Problems) -> None:
        self._next = events
        self._file = file
        self._problems = problems

    def document(self) -> Node | None:
        """The one document; None if the stream has none."""
        node = None
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    raise bad(
                        self._place(event), "a second document begins here", "use one file for each document"
                    )
                node = self._node(self._next(), 1)
        if isinstance(node, Scalar) and node.missing:
            return None
        return node

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark else Place(self._file)

    def _node(self, event: yaml.Event, depth: int) -> Node:
        place = self._place(event)
        if depth > MAX_DEPTH:
            raise bad(place, f"nested more than {MAX_DEPTH} levels deep", "make it flatter")
        if type(event) is yaml.ScalarEvent and event.anchor is None and event.tag is None:  # nearly all
            return Scalar(event.value, place, plain=not event.style)
        if isinstance(event, yaml.AliasEvent):
            self._problems.add(
                place, f"alias '*{event.anchor}' is not supported", "put text that begins with * in quotes"
            )
            return Scalar(f"*{event.anchor}", place)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._problems.add(
                place, f"anchor '&{event.anchor}' is not supported", "put text that begins with & in quotes"
            )
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            self._problems.add(
                place, f"tag '{event.tag}' is not supported", "put text that begins with ! in quotes"
            )
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, place, plain=not event.style)
        if isinstance(event, yaml.SequenceStartEvent):
            return Sequence(tuple(self._items(depth)), place)
        return Mapping(tuple(self._entries(depth)), place)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _entries(self, depth: int) -> Iterator[Entry]:
        seen: dict[str, Place] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._node(event, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                self._problems.add(key.place, "a key must be a word", "put text with brackets in quotes")
            elif key.text == "<<" and key.plain:
                self._problems.add(key.place, "merge key '<<' is not supported", "write the keys out")
            elif first := seen.get(key.text):
                self._problems.add(key.place, f"key '{key.text}' was given at {first} already", "keep one")
            else:
                seen[key.text] = key.place
                yield Entry(key, value)
