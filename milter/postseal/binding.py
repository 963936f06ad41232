"""Typed reading of documents: a declared type says what a YAML node must be, and reads it.

A type is `str`, `int`, `bool`, `Path`, a StrEnum, `Network`, `tuple[T, ...]`, `dict[K, V]`, `T | None`, a
dataclass (a mapping whose keys are its fields), or `Annotated[T, extra]`, where *extra* is a function
`(Node, Reader) -> T` that reads and validates, or a `Name`.  A field is called by its name in YAML,
or by `word` in its metadata; a field of type Place receives the mapping's.  All problems below a node
are collected and raised as one BadInput.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Annotated, TypeVar

from postseal.document import Node, Problems, Scalar, bad
from postseal.errors import Place
from postseal.scalar import Network, boolean, integer, listed, mapped, network, one, path, text

T = TypeVar("T")
Read = Callable[[Node, "Reader"], object]


@dataclass(frozen=True, slots=True)
class Name:
    """A word that must exist elsewhere: the reader's names of this *kind* are the choice."""

    kind: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads nodes as declared types.  *names*: for every kind of `Name`, the words that exist."""

    names: Mapping[str, Collection[str]] = field(default_factory=dict)

    def read(self, node: Node, kind: object) -> object:
        """*node* as a value of the type *kind*.  Raises BadInput."""
        origin, arguments = _shape(kind)
        if origin is Annotated:
            return self._annotated(node, arguments[0], arguments[1:])
        if kind == Network:
            return network(node)
        if origin in {types.UnionType, typing.Union}:
            return self.read(node, next(arm for arm in arguments if arm is not types.NoneType))
        if origin is tuple:
            return self.each(listed(node), arguments[0])
        if origin is dict:
            return self._dict(node, *arguments)
        if isinstance(kind, type):
            return self._plain(node, kind)
        raise TypeError(f"no way to read {kind!r}")

    def bind(self, node: Node, kind: type[T]) -> T:
        """*node*, a mapping, as an instance of the dataclass *kind*."""
        problems = Problems()
        fields, hints = declared(kind)  # type: ignore[arg-type] # a class is hashable
        values: dict[str, object] = {name: node.place for name, hint in hints.items() if hint is Place}
        entries = mapped(node)
        for entry in entries:
            with problems.collect():
                chosen = fields[known(entry.key, fields, "key")]
                values[chosen.name] = self.read(entry.value, hints[chosen.name])
        given = {entry.key.text for entry in entries}
        if given <= fields.keys():  # else a key that seems missing may be the misspelt one
            for name in _required(kind):  # type: ignore[arg-type] # a class is hashable
                if name not in given:
                    problems.add(node.place, f"'{name}' is missing", f"add '{name}:'")
        problems.settle()
        return kind(**values)

    def each(self, nodes: Iterable[Node], kind: object) -> tuple[object, ...]:
        """Every node as *kind*."""
        problems = Problems()
        values = []
        for node in nodes:
            with problems.collect():
                values.append(self.read(node, kind))
        problems.settle()
        return tuple(values)

    def _annotated(self, node: Node, kind: object, extras: tuple[object, ...]) -> object:
        for extra in extras:
            if isinstance(extra, Name):
                scalar = one(node)
                return known(scalar, self.names[extra.kind], extra.kind)
            if callable(extra):
                return extra(node, self)
        # In a class body the default of a field hides a reader of the same name; better found out now.
        raise TypeError(f"no reader among {extras!r} of {kind!r}")

    def _dict(self, node: Node, key: object, value: object) -> dict[object, object]:
        problems = Problems()
        values = {}
        for entry in mapped(node):
            with problems.collect():
                values[self.read(entry.key, key)] = self.read(entry.value, value)
        if not values and not len(problems):
            problems.add(node.place, "the mapping is empty", "write at least one 'key: value'")
        problems.settle()
        return values

    def _plain(self, node: Node, kind: type) -> object:
        if dataclasses.is_dataclass(kind):
            return self.bind(node, kind)
        if issubclass(kind, StrEnum):
            return kind(known(one(node), [member.value for member in kind], "word"))
        return PLAIN[kind](node)


PLAIN: dict[type, Callable[[Node], object]] = {str: text, int: integer, bool: boolean, Path: path}
"""How types that need no annotation are read."""


@lru_cache
def declared(kind: type) -> tuple[dict[str, "dataclasses.Field[object]"], dict[str, object]]:
    """The fields of a dataclass by their YAML words, and the types of all its fields."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {word(f): f for f in dataclasses.fields(kind) if hints[f.name] is not Place}, hints


@lru_cache
def _required(kind: type) -> tuple[str, ...]:
    """The YAML words of the fields of a dataclass that have no default."""
    return tuple(name for name, f in declared(kind)[0].items() if required(f))


@lru_cache
def _shape(kind: object) -> tuple[object, tuple[object, ...]]:
    """What a type is made of: `tuple` and `int` of `tuple[int]`."""
    return typing.get_origin(kind), typing.get_args(kind)


def word(f: "dataclasses.Field[object]") -> str:
    """The YAML word of a dataclass field."""
    return str(f.metadata.get("word", f.name))


def required(f: "dataclasses.Field[object]") -> bool:
    """Whether a dataclass field has no default."""
    return f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING


def known(scalar: Scalar, words: Collection[str], kind: str) -> str:
    """The text of *scalar* if it is one of *words*; else a problem that names the likely one."""
    if scalar.text in words:
        return scalar.text
    close = difflib.get_close_matches(scalar.text.lower(), words, n=1, cutoff=0.6)
    if close:
        hint = f"did you mean '{close[0]}'?"
    elif len(words) <= 10:
        hint = f"choose from {', '.join(sorted(words)) or 'nothing'}"
    else:
        hint = "`postseal check --list` prints the words there are"
    raise bad(scalar.place, f"unknown {kind} '{scalar.text}'", hint)
