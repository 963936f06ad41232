"""Checks of a number beyond its form: checksums and rules of those who give it out.

They are python-stdnum's, by its names (`luhn`, `iban`, `nl.bsn`, `us.ssn`); only the weighted sum and the
date that administrators describe for numbers of their own are reckoned here.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from postseal import scalar
from postseal.binding import Reader
from postseal.document import Mapping, Node, bad

Check = Callable[[str], bool]
_SPELT = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+)?")


def check(node: Node, reader: Reader) -> Check:
    """The name of a check such as `luhn` or `nl.bsn`; `{weights: …}` or `{date: …}` for your own numbers."""
    if isinstance(node, Mapping):
        if any(entry.key.text == "date" for entry in node.entries):
            return reader.bind(node, _Date)
        return reader.bind(node, _Weighted)
    written = scalar.one(node)
    try:
        name = written.text if _SPELT.fullmatch(written.text) else "none"
        return _Standard(importlib.import_module(f"stdnum.{name}").is_valid)
    except (ImportError, AttributeError):
        hint = "see https://arthurdejong.org/python-stdnum/formats for the names: luhn, iban, nl.bsn"
        raise bad(written.place, f"unknown check '{written.text}'", hint) from None


@dataclass(frozen=True, slots=True)
class _Standard:
    """One of python-stdnum, which wants some numbers with their separators and some without."""

    valid: Callable[[str], bool]

    def __call__(self, value: str) -> bool:
        return bool(self.valid(value)) or bool(self.valid(bare(value)))


def bare(value: str) -> str:
    """*value* less everything but letters and digits."""
    return "".join(filter(str.isalnum, value)).upper()


@dataclass(frozen=True, slots=True)
class _Weighted:
    """The characters times *weights*, one for each, modulo *modulus*, are *remainder*.

    Digits count as they are, letters from A = 10 to Z = 35 (ICAO Doc 9303, part 3).  A check digit that
    is the sum of the others has the weight *modulus* - 1.
    """

    weights: tuple[int, ...]
    modulus: Annotated[int, scalar.count]
    remainder: int = 0

    def __call__(self, value: str) -> bool:
        characters = bare(value)
        if len(characters) != len(self.weights) or not characters.isascii():
            return False
        values = (int(character, 36) for character in characters)
        total = sum(value * weight for value, weight in zip(values, self.weights, strict=True))
        return total % self.modulus == self.remainder


@dataclass(frozen=True, slots=True)
class _Date:
    """The characters from *at* on are a date in the form *date*, in the words of strftime: `%Y%m%d`."""

    date: str
    at: int = 0

    def __call__(self, value: str) -> bool:
        written = bare(value)[self.at :]
        length = len(datetime(2000, 12, 31, tzinfo=UTC).strftime(self.date))
        try:
            return bool(datetime.strptime(written[:length], self.date).replace(tzinfo=UTC))
        except ValueError:
            return False
