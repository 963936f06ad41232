"""The mark that names who reads what when: its lines, short enough for a telephone."""

from collections.abc import Iterator
from typing import Final
from unicodedata import east_asian_width

BETWEEN: Final = " · "
_LONGEST: Final = 360
"""Characters; the longest address has 320."""
_LINE: Final = 26
_BEFORE: Final = "@."
"""Where an address is broken, if it can be."""


def lines(mark: str) -> tuple[str, ...]:
    """*mark* in lines, of which each part has its own."""
    return tuple(line for part in mark[:_LONGEST].split(BETWEEN) for line in _broken(part))


def cells(text: str) -> int:
    """How many letters wide *text* is: those of Chinese and the like count for two."""
    return sum(2 if east_asian_width(each) in {"W", "F"} else 1 for each in text)


def places(length: float, tile: float) -> list[float]:
    """Where tiles begin, as many as have room in *length*, at least one: evenly spread, each whole."""
    count = max(1, int(length // tile))
    return [(number + 0.5) * length / count - tile / 2 for number in range(count)]


def _broken(part: str) -> Iterator[str]:
    while part:
        cut = next((at for at in range(_LINE // 2, len(part)) if cells(part[: at + 1]) > _LINE), len(part))
        if cut < len(part):
            cut = max((at for at in range(_LINE // 3, cut + 1) if part[at] in _BEFORE), default=cut)
        yield part[:cut]
        part = part[cut:]
