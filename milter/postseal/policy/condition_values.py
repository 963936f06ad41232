"""More types of conditions' values: networks, names, times and choices of words.

Each function reads one YAML node, or raises BadInput with a place and a hint; the first line of its
docstring is what the manual says about the type.
"""

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from postseal import scalar
from postseal.binding import Reader, known
from postseal.document import Node, Problems, Scalar, bad
from postseal.envelope import MACROS
from postseal.policy.values import field_name, some
from postseal.scalar import Network

E = TypeVar("E", bound=StrEnum)


class Importance(StrEnum):
    """How important the sender says his message is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Sensitivity(StrEnum):
    """How the sender wants his message to be handled (RFC 2156 §5.3.4, and Outlook)."""

    NORMAL = "normal"
    PERSONAL = "personal"
    PRIVATE = "private"
    CONFIDENTIAL = "confidential"


class Technique(StrEnum):
    """How a sender encrypts or signs by himself."""

    SMIME = "smime"
    PGP = "pgp"


class Day(StrEnum):
    """A day of the week; in their order."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


def choices(kind: type[E]) -> Callable[..., frozenset[E]]:
    """A reader of one or several members of *kind*."""

    def read(node: Node, _reader: object = None) -> frozenset[E]:
        problems = Problems()
        found = set()
        for value in some(node):
            with problems.collect():
                found.add(kind(known(value, [member.value for member in kind], "word")))
        problems.settle()
        return frozenset(found)

    read.__doc__ = f"{' or '.join(f'`{member.value}`' for member in kind)}; or a list of such."
    return read


def networks(node: Node, _reader: object = None) -> tuple[Network, ...]:
    """Addresses, networks and ranges: `192.0.2.7`, `192.0.2.0/24`, `192.0.2.10-192.0.2.20`."""
    problems = Problems()
    found: list[Network] = []
    for value in some(node):
        with problems.collect():
            found += _range(value) if "-" in value.text else [scalar.network(value)]
    problems.settle()
    return tuple(found)


def _range(value: Scalar) -> list[Network]:
    first, _, last = value.text.partition("-")
    try:
        low, high = ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
        return [*ipaddress.summarize_address_range(low, high)]
    except (ValueError, TypeError):
        hint = "write it as 192.0.2.10-192.0.2.20, the lower address first"
        raise bad(value.place, f"expected a range of addresses, found '{value.text}'", hint) from None


def names(node: Node, _reader: object = None) -> frozenset[str]:
    """Names, in any letter case."""
    return frozenset(value.text.strip().lower() for value in some(node))


def field_names(node: Node, _reader: object = None) -> frozenset[str]:
    """Names of header fields."""
    problems = Problems()
    found = set()
    for value in some(node):
        with problems.collect():
            found.add(field_name(value).lower())
    problems.settle()
    return frozenset(found)


def number(node: Node, _reader: object = None) -> float:
    """A number: `5`, `7.5`, `-1`."""
    written = scalar.one(node)
    if not re.fullmatch(r"-?[0-9]{1,9}(?:\.[0-9]{1,9})?", written.text):
        raise bad(written.place, f"expected a number, found '{written.text}'", "write it as 5 or 7.5")
    return float(written.text)


def clock_time(node: Node, _reader: object = None) -> time:
    """A time of the day: `08:30`; `24:00` ends it."""
    written = scalar.one(node)
    found = re.fullmatch("([01][0-9]|2[0-3]):([0-5][0-9])", written.text)
    if written.text == "24:00":
        return time.max
    if not found:
        hint = "write it as 08:30, with two digits each"
        raise bad(written.place, f"expected a time of the day, found '{written.text}'", hint)
    return time(int(found[1]), int(found[2]))


def zone(node: Node, _reader: object = None) -> ZoneInfo:
    """A time zone: `Europe/Berlin`."""
    written = scalar.one(node)
    with suppress(OSError, ValueError, KeyError):  # the last is ZoneInfoNotFoundError
        return ZoneInfo(written.text)
    hint = "write a name of the time zone database, such as Europe/Berlin or UTC"
    raise bad(written.place, f"unknown time zone '{written.text}'", hint)


@dataclass(frozen=True, slots=True)
class Hours:
    """Times of the day, on some days: `{days: [mon, fri], from: 08:00, until: 17:00, zone: Europe/Berlin}`.

    A span may go past midnight; it belongs to the day on which it begins.
    """

    days: Annotated[frozenset[Day], choices(Day)] = frozenset(Day)
    start: Annotated[time, clock_time] = field(default=time.min, metadata={"word": "from"})
    end: Annotated[time, clock_time] = field(default=time.max, metadata={"word": "until"})
    place: Annotated[ZoneInfo | None, zone] = field(default=None, metadata={"word": "zone"})

    def hold(self, at: datetime) -> bool:
        """Whether the moment *at* lies within."""
        local = at.astimezone(self.place)
        today, clock = local.weekday(), local.time()
        if self.start <= self.end:
            return self._on(today) and self.start <= clock < self.end
        return (self._on(today) and clock >= self.start) or (self._on(today - 1) and clock < self.end)

    def _on(self, weekday: int) -> bool:
        return tuple(Day)[weekday % 7] in self.days


def hours(node: Node, reader: Reader) -> Hours:
    """Times of the day: `{days: [mon, fri], from: 08:00, until: 17:00, zone: Europe/Berlin}`."""
    return reader.bind(node, Hours)


def macro_name(node: Node, _reader: object = None) -> str:
    """The name of a macro of the MTA, without braces."""
    return known(scalar.one(node), MACROS, "macro")


macro_name.__doc__ = f"A macro of the MTA: {', '.join(f'`{name}`' for name in MACROS)}."

MacroName = Annotated[str, macro_name]


def name(node: Node, _reader: object = None) -> str:
    """The name of an attribute in the directory, in any letter case."""
    return scalar.text(node).strip().lower()


Name = Annotated[str, name]
Networks = Annotated[tuple[Network, ...], networks]
Names = Annotated[frozenset[str], names]
FieldNames = Annotated[frozenset[str], field_names]
Number = Annotated[float, number]
OpenHours = Annotated[Hours, hours]
