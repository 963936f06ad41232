"""Sensitive information types, ready to be looked for."""

from collections.abc import Iterator
from dataclasses import dataclass

from postseal.policy.pattern import Pattern
from postseal.policy.sensitive.checks import Check
from postseal.policy.sensitive.types import Exclusion


@dataclass(frozen=True, slots=True, eq=False)
class Need:
    """Evidence: a *pattern*, or *parts* of which so many must be there, at most *within* characters away."""

    pattern: Pattern | None
    parts: tuple["Need", ...]
    at_least: int
    at_most: int | None
    within: int

    def patterns(self) -> Iterator[Pattern]:
        """Its own and those of its parts."""
        if self.pattern:
            yield self.pattern
        for part in self.parts:
            yield from part.patterns()


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find a type, with the confidence of that."""

    confidence: int
    pattern: Pattern
    checks: tuple[Check, ...]
    exclude: Exclusion
    needs: tuple[Need, ...]
    excluded: frozenset[str]

    def accepts(self, written: str, key: str) -> bool:
        """Whether a value may be one, whatever stands around it; *key*: its letters and digits."""
        exclude = self.exclude
        return not (
            key in self.excluded
            or (exclude.begins and key.startswith(exclude.begins))
            or (exclude.ends and key.endswith(exclude.ends))
            or (exclude.same_digits and len(set(filter(str.isdigit, key))) == 1)
        ) and all(check(written) for check in self.checks)


@dataclass(frozen=True, slots=True, eq=False)
class SensitiveType:
    """A type that can be looked for.  *ways*: the most confident first."""

    name: str
    title: str
    ways: tuple[Way, ...]
    recommended: int
