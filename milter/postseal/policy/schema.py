"""The policy language as JSON Schema (draft 2020-12), for editors that complete words and mark mistakes.

It is made from the same functions and types that read policies, so it cannot lag behind.  It knows the
shape: every key, every fixed choice, what may be a list; values are judged by `postseal check` alone.
What a policy file may hold is never marked as wrong.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from postseal.binding import Name, declared, required
from postseal.policy import table
from postseal.policy.actions import ACTIONS, actions
from postseal.policy.clause import conditions, exceptions
from postseal.policy.conditions import CONDITIONS
from postseal.policy.examples import outcomes
from postseal.policy.load import PolicyFile
from postseal.policy.pattern import Pattern
from postseal.policy.right_actions import rights
from postseal.policy.rule import Rule, rule
from postseal.policy.templates import chosen
from postseal.reference import describe, first_line
from postseal.rights import Right
from postseal.scalar import Network

Schema = dict[str, object]

_TEXT: Schema = {"type": ["string", "number", "boolean"]}
"""A scalar: YAML gives a number or a truth where somebody writes one, and we read it as text."""
_VARIABLE: Schema = {"type": "string", "pattern": "^\\$[A-Za-z]"}
_ANY: Schema = {}


def schema(names: Mapping[str, Collection[str]]) -> Schema:
    """The schema of a policy file.  *names*: the words that exist of each kind, such as methods."""
    return _Writer(names).document()


class _Writer:
    def __init__(self, names: Mapping[str, Collection[str]]) -> None:
        self._names = names

    def document(self) -> Schema:
        """The whole."""
        clauses = self._words(CONDITIONS)
        several: Schema = {"anyOf": [_ref("conditions"), {"type": "array", "items": _ref("conditions")}]}
        group = {word: {**several, "description": text} for word, text in _GROUPS.items()}
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Postseal policy",
            **self._object(PolicyFile),
            "$defs": {
                "conditions": _closed({**clauses, **group}, minimum=1),
                "actions": _closed(self._words(ACTIONS), minimum=1),
                "rule": self._object(Rule),
            },
        }

    def _words(self, functions: Iterable[Callable[..., object]]) -> dict[str, Schema]:
        return {
            function.__name__: {**self._type(table.value(function)), "description": table.manual(function)}
            for function in functions
        }

    def _object(self, kind: type) -> Schema:
        fields, hints = declared(kind)
        properties = {
            word: {**self._type(hints[field.name]), "description": describe(hints[field.name])}
            for word, field in fields.items()
        }
        needed = [word for word, field in fields.items() if required(field)]
        return {**_closed(properties), **({"required": needed} if needed else {})}

    def _type(self, kind: object) -> Schema:
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin is Annotated:
            return self._annotated(arguments[0], arguments[1])
        if kind == Network:
            return _TEXT
        if origin in {types.UnionType, typing.Union}:
            return self._type(next(arm for arm in arguments if arm is not types.NoneType))
        if origin in {tuple, frozenset}:
            return _one_or_several(self._type(arguments[0]))
        if origin is dict:
            return {"type": "object", "additionalProperties": self._type(arguments[1]), "minProperties": 1}
        return self._plain(kind)

    def _plain(self, kind: object) -> Schema:
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            return self._object(kind)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"anyOf": [{"enum": [member.value for member in kind]}, _VARIABLE]}
        if kind is bool:
            return {"anyOf": [{"type": "boolean"}, _VARIABLE]}
        return _TEXT if kind in {str, int, float, Path} else _ANY

    def _annotated(self, kind: object, extra: object) -> Schema:
        if isinstance(extra, Name):
            if extra.kind not in self._names:
                return _TEXT
            return {"anyOf": [{"enum": sorted(self._names[extra.kind])}, _VARIABLE]}
        special: dict[object, Schema] = {
            rule: _ref("rule"),
            conditions: _one_or_several(_ref("conditions")),
            exceptions: _one_or_several(_ref("conditions")),
            actions: _one_or_several(_ref("actions")),
            outcomes: _ANY,
            chosen: _TEXT,
            rights: _one_or_several({"anyOf": [{"enum": [each.value for each in Right]}, _TEXT]}),
        }
        if callable(extra) and extra in special:
            return special[extra]
        # A reader whose manual shows braces also takes a mapping, which the type does not tell.
        written_long = "{" in first_line(extra)
        item = typing.get_args(kind)[0] if typing.get_origin(kind) in {tuple, frozenset} else None
        if kind is Pattern or (item in {str, int, Path} and not written_long):
            return _one_or_several(_TEXT)
        return _ANY if written_long else self._plain(kind)


_GROUPS = {
    "all": "All of these must hold.",
    "any": "One of these is enough.",
    "not": "This must not hold.",
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _one_or_several(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": {"anyOf": [item, _VARIABLE]}}, _VARIABLE]}


def _closed(properties: Mapping[str, Schema], *, minimum: int = 0) -> Schema:
    found: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**found, "minProperties": minimum} if minimum else found
