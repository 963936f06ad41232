"""The mark that names who reads what when: its lines, short enough for a telephone."""

from typing import Final

BETWEEN: Final = " · "
_LONGEST: Final = 360
"""Characters; the longest address has 320."""
_LINE: Final = 30


def lines(mark: str) -> tuple[str, ...]:
    """*mark* in lines, of which each part has its own."""
    parts = mark[:_LONGEST].split(BETWEEN)
    return tuple(part[at : at + _LINE] for part in parts for at in range(0, len(part), _LINE))
