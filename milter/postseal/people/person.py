"""A person as the directory knows him."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """*groups*: names in lower case; *attributes*: values by name in lower case; *manager*: an address."""

    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    manager: str = ""


NOBODY = Person()
"""Somebody of whom the directory knows nothing."""


class People(Protocol):
    """A directory of people."""

    @property
    def seconds(self) -> float:
        """How long all its answers for one message may take."""
        ...

    def find(self, address: str) -> Person:
        """Who has *address*, which is in the form to compare; NOBODY if the directory does not know him.

        Raises Failure(DIRECTORY) if it cannot say.
        """
        ...
