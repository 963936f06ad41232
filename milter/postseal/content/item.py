"""A file found in a message or within another file, and what became of looking into it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class State(StrEnum):
    """How far a file could be inspected."""

    READ = "read"
    TEXTLESS = "textless"  # a picture, a sound, a signature: there is no text in it
    UNSUPPORTED = "unsupported"  # of a type that nobody here reads, or damaged
    PASSWORD = "password_protected"  # noqa: S105 (a word for it)
    LIMIT = "limit_exceeded"  # too large, too deep, too slow
    FAILED = "failed"  # for a reason of ours


SEEN = frozenset({State.READ, State.TEXTLESS})
"""The states in which nothing is hidden."""


@dataclass(slots=True)
class Item:
    """One file.

    *path*: its name, behind those of the files around it, with slashes between.  *kind*: its media type,
    told by its octets; "" if there were none to tell by.  *text*: what its reader sees.  *detail*: why it
    was not read.  *properties*: of a document, as its author filled them in.  *opens*: whether it is made
    to hold files, which may then be unseen.
    """

    path: str
    kind: str
    size: int
    state: State = State.READ
    text: str = field(default="", repr=False)
    detail: str = ""
    properties: Mapping[str, str] = field(default_factory=dict, repr=False)
    opens: bool = False
    depth: int = 0

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]

    @property
    def extension(self) -> str:
        """What follows the last dot of its name, in lower case; blanks and dots at the end do not count."""
        return self.name.rstrip(" .\0").rpartition(".")[2].lower() if "." in self.name.rstrip(" .\0") else ""

    def facts(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "path": self.path,
            "kind": self.kind,
            "size": self.size,
            "state": self.state.value,
            "text": self.text,
            "detail": self.detail,
            "properties": dict(self.properties),
            "opens": self.opens,
            "depth": self.depth,
        }

    @classmethod
    def of(cls, facts: Mapping[str, object]) -> Self:
        """The item that *facts* tell of.  Raises ValueError, KeyError or TypeError at any others."""
        properties = facts["properties"]
        texts = [facts[key] for key in ("path", "kind", "text", "detail")]
        numbers = [facts[key] for key in ("size", "depth")]
        if not isinstance(properties, dict) or not all(isinstance(text, str) for text in texts):
            raise TypeError("these are no facts")
        path, kind, text, detail = map(str, texts)
        size, depth = (number if isinstance(number, int) else -1 for number in numbers)
        return cls(
            path,
            kind,
            size,
            State(str(facts["state"])),
            text,
            detail,
            {str(name): str(value) for name, value in properties.items()},
            facts["opens"] is True,
            depth,
        )
