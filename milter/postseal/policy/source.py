"""What a policy is written in: the files of a folder, what they include, and their variables filled in.

Every *.yaml of the folder counts, in the order of the file names; hidden files and editors' backups do
not.  Nothing is judged here but the keys of `Preamble`; every other word keeps its place in its file.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from postseal import document, scalar
from postseal.binding import Reader, known
from postseal.document import Entry, Mapping, Node, Problems, Scalar, Sequence, bad
from postseal.errors import Place

_USE = re.compile(r"\$([A-Za-z][A-Za-z0-9_-]*)")


def variable_name(node: Node, _reader: object = None) -> str:
    """A name of letters, digits, `_` and `-`, that begins with a letter."""
    written = scalar.one(node)
    if not _USE.fullmatch(f"${written.text}"):
        hint = "write letters, digits, _ and -, a letter first; $ stands only where it is used"
        raise bad(written.place, f"bad name of a variable '{written.text}'", hint)
    return written.text


def variable_value(node: Node, _reader: object = None) -> Node:
    """A value, or a list of values."""
    for item in scalar.listed(node):
        if _USE.fullmatch(scalar.one(item).text) and isinstance(item, Scalar) and item.plain:
            raise bad(item.place, "a variable cannot be made of another one", "write its values out")
    return node


def paths(node: Node, _reader: object = None) -> tuple[Path, ...]:
    """Files; a relative path counts from the folder of the file it is written in."""
    return tuple(scalar.path(item) for item in scalar.listed(node))


@dataclass(frozen=True, slots=True)
class Preamble:
    """What a policy file may say about other files and about itself; see `load.PolicyFile`."""

    place: Place
    include: Annotated[tuple[Path, ...], paths] = ()
    vars: dict[Annotated[str, variable_name], Annotated[Node, variable_value]] = field(default_factory=dict)
    lists: dict[Annotated[str, variable_name], Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sources:
    """What was read: the *nodes* of the files in order, and twelve digits that tell it from other text."""

    nodes: tuple[Node, ...]
    digest: str


def read(folder: Path, problems: Problems) -> Sources:
    """The policy in *folder*; what is wrong goes to *problems*.  Raises BadInput if there is no folder."""
    reading = _Reading(problems)
    for path in files(folder):
        reading.add(path, path.name, Place(str(path)))
    nodes = []
    for node in reading.nodes:
        with problems.collect():
            nodes.append(_filled(node, reading.variables))
    return Sources(tuple(nodes), reading.digest.hexdigest()[:12])


class _Reading:
    """Files on their way into one policy."""

    def __init__(self, problems: Problems) -> None:
        self.nodes: list[Node] = []
        self.variables: dict[str, Node] = {}
        self.digest = hashlib.sha256()
        self._problems = problems
        self._begun: set[Path] = set()

    def add(self, path: Path, name: str, place: Place) -> None:
        """Read *path* and what it includes.  *place*: where it is asked for."""
        if path.resolve() in self._begun:
            self._problems.add(place, f"'{path.name}' is included already", "include each file once")
            return
        self._begun.add(path.resolve())
        with self._problems.collect():
            octets = self._octets(path, name, place)
            node = document.parse(octets, str(path))
            rest, own = _divided(node)
            preamble = Reader().bind(own, Preamble)
            for included in preamble.include:
                self.add(included, str(included), own.place)
            for word, value in preamble.vars.items():
                self._define(word, value)
            for word, listed in preamble.lists.items():
                with self._problems.collect():
                    text = self._octets(listed, str(listed), own.place)
                    self._define(word, Sequence(document.lines(text, str(listed)), Place(str(listed))))
            self.nodes.append(rest)

    def _octets(self, path: Path, name: str, _place: Place) -> bytes:
        octets = document.read(path)
        self.digest.update(b"%b\0%d\0%b" % (name.encode(), len(octets), octets))
        return octets

    def _define(self, word: str, value: Node) -> None:
        if first := self.variables.get(word):
            what = f"variable '{word}' is defined at {first.place} already"
            self._problems.add(value.place, what, "choose another name")
        self.variables[word] = value


def _divided(node: Node) -> tuple[Node, Mapping]:
    """*node* without the keys of `Preamble`, and these alone."""
    if not isinstance(node, Mapping):
        return node, Mapping((), node.place)
    words = {"include", "vars", "lists"}
    own = tuple(entry for entry in node.entries if entry.key.text in words)
    rest = tuple(entry for entry in node.entries if entry.key.text not in words)
    return Mapping(rest, node.place), Mapping(own, own[0].key.place if own else node.place)


def _names_variables(node: Node) -> bool:
    """Whether there is the name of a variable anywhere in *node*."""
    if isinstance(node, Scalar):
        return node.plain and node.text.startswith("$")
    if isinstance(node, Mapping):
        return any(_names_variables(entry.value) for entry in node.entries)
    return any(map(_names_variables, node.items))


def _filled(node: Node, variables: dict[str, Node]) -> Node:
    """*node* with the values of variables in place of their names."""
    if not _names_variables(node):
        return node  # most often, and this is the whole file
    if isinstance(node, Scalar):
        return _value(node, variables)
    problems = Problems()
    if isinstance(node, Mapping):
        entries = []
        for entry in node.entries:
            with problems.collect():
                entries.append(Entry(entry.key, _filled(entry.value, variables)))
        problems.settle()
        return Mapping(tuple(entries), node.place)
    items: list[Node] = []
    for item in node.items:
        with problems.collect():
            items += _items(item, variables)
    problems.settle()
    return Sequence(tuple(items), node.place)


def _items(item: Node, variables: dict[str, Node]) -> Iterator[Node]:
    new = _filled(item, variables)
    if isinstance(item, Scalar) and isinstance(new, Sequence):
        yield from new.items
    else:
        yield new


def _value(node: Scalar, variables: dict[str, Node]) -> Node:
    used = _USE.fullmatch(node.text) if node.plain else None
    if used is None:
        return node
    if not variables:
        raise bad(node.place, f"unknown variable '{used[1]}'", "define it in 'vars:', or put $ in quotes")
    return variables[known(Scalar(used[1], node.place), variables, "variable")]


def files(folder: Path) -> list[Path]:
    """The policy files of *folder* in the order in which they are read."""
    hint = "create it, or correct 'policies:' in the settings"
    if not folder.is_dir():
        raise bad(Place(str(folder)), "there is no such folder", hint)
    try:
        shown = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise bad(Place(str(folder)), f"cannot be read: {error.strerror}", "see its owner and mode") from None
    for path in shown:
        if path.suffix == ".yml":  # left out in silence, its rules would be missed only when it is too late
            raise bad(Place(str(path)), "a policy file is named *.yaml", f"rename it to {path.stem}.yaml")
    found = [path for path in shown if path.suffix == ".yaml"]
    if not found:
        hint = "write a file such as 10-rules.yaml; 'rules: []' lets all mail pass as it is"
        raise bad(Place(str(folder)), "there is no policy file in this folder", hint)
    return found
