"""What a sensitive information type is, as it stands in YAML.

A file has `types`, and may have `bundles` of them and named lists for their evidence, `keywords` and
`expressions`.  docs/content.md tells how to write one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader
from postseal.document import Node, Problems, Scalar, bad
from postseal.errors import Place
from postseal.policy.sensitive.checks import Check, check
from postseal.policy.values import Patterns, some

ANYWHERE = 1 << 60
"""A distance that every evidence keeps."""

Lists = Mapping[str, tuple[Scalar, ...]]


def confidence(node: Node, _reader: object = None) -> int:
    """A confidence from 1 to 100; `low` is 65, `medium` 75, `high` 85."""
    written = scalar.one(node)
    if written.text in LEVELS:
        return LEVELS[written.text]
    if not written.text.isdecimal() or not 1 <= int(written.text) <= 100:
        raise bad(written.place, f"bad confidence '{written.text}'", "write low, medium, high, or 1 to 100")
    return int(written.text)


LEVELS = {"low": 65, "medium": 75, "high": 85}


def distance(node: Node, _reader: object = None) -> int:
    """Characters, or `anywhere`."""
    return ANYWHERE if scalar.text(node) == "anywhere" else scalar.count(node)


def texts(node: Node, _reader: object = None) -> tuple[Scalar, ...]:
    """Words, phrases or patterns."""
    return some(node)


def checks(node: Node, reader: Reader) -> tuple[Check, ...]:
    """Checks, all of which a number must pass."""
    return tuple(check(item, reader) for item in scalar.listed(node))


def lists(node: Node, _reader: object = None) -> Lists:
    """Lists by name."""
    return {entry.key.text: some(entry.value) for entry in scalar.mapped(node)}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What must stand near.

    *words*, *keywords* (lists of words, by name), *matches*, *expressions* (lists of patterns, by name): any
    of them counts, *at_least* so often, and *at_most*.  *any*: other evidence instead, of which that many
    must be there.  *within*: characters from the number.
    """

    place: Place
    words: Annotated[tuple[Scalar, ...], texts] = ()
    keywords: Annotated[tuple[Scalar, ...], texts] = ()
    matches: Annotated[tuple[Scalar, ...], texts] = ()
    expressions: Annotated[tuple[Scalar, ...], texts] = ()
    any: "Annotated[tuple[Evidence, ...], some_evidence]" = ()
    at_least: int = 1
    at_most: int | None = None
    within: Annotated[int, distance] | None = None


def some_evidence(node: Node, reader: Reader) -> tuple[Evidence, ...]:
    """Evidence, a mapping or a list of such."""
    problems = Problems()
    found = []
    for item in scalar.listed(node):
        with problems.collect():
            found.append(reader.bind(item, Evidence))
    problems.settle()
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What looks like one and is none.

    *values*: letters and digits count, separators do not.  *begins*, *ends*: how it must not.
    *same_digits*: whether one of a single digit repeated is none.
    """

    values: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    same_digits: bool = False


@dataclass(frozen=True, slots=True)
class Finder:
    """One way to find the type, with the confidence of that.

    *find*, *check*, *within*: in place of the type's.  *evidence*: all of it must be there.
    """

    place: Place
    confidence: Annotated[int, confidence]
    find: Patterns | None = None
    check: Annotated[tuple[Check, ...], checks] | None = None
    evidence: Annotated[tuple[Evidence, ...], some_evidence] = ()
    within: Annotated[int, distance] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A sensitive information type.

    *find*: what it looks like.  *check*: what a number must pass.  *patterns*: the ways to find it, by
    confidence.  *whole*: whether it ends where letters and digits do.  *within*: characters between a number
    and its evidence.  *recommended*: the confidence that a rule asks for which names none.
    """

    place: Place
    name: str
    patterns: tuple[Finder, ...]
    title: str = ""
    find: Patterns | None = None
    check: Annotated[tuple[Check, ...], checks] = ()
    exclude: Exclusion = field(default_factory=Exclusion)
    whole: bool = True
    within: Annotated[int, distance] = 300
    recommended: Annotated[int, confidence] = LEVELS["medium"]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Several types under one name; what is found of any counts for it."""

    place: Place
    name: str
    types: tuple[str, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class TypeFile:
    """What stands in one file of types."""

    types: tuple[Written, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    keywords: Annotated[Lists, lists] = field(default_factory=dict)
    expressions: Annotated[Lists, lists] = field(default_factory=dict)
