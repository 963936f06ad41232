"""In which language a visitor reads: the first of his browser's that there is a catalogue for.

The texts are the msgids of templates and of this room; translations are gettext catalogues below `locale`,
compiled by `make catalogues`.  English needs none.
"""

import gettext
from functools import lru_cache
from pathlib import Path
from typing import Final

LANGUAGES: Final = ("en", "de", "es", "fr", "ru")
"""The first is for browsers that ask for none of them."""
FROM_RIGHT: Final = frozenset({"ar", "fa", "he", "ur"})
_FOLDER: Final = Path(__file__).parent / "locale"
_LONGEST: Final = 1000


def chosen(accepted: str) -> str:
    """The language for a browser with this Accept-Language (RFC 9110 §12.5.4)."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:_LONGEST].split(",")):
        name, _, weight = part.partition(";")
        wanted.append((-_weight(weight), place, name.strip().lower().partition("-")[0]))
    return next((name for weight, _, name in sorted(wanted) if weight and name in LANGUAGES), LANGUAGES[0])


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> gettext.NullTranslations:
    """The texts in *language*, one of `LANGUAGES`."""
    if language == LANGUAGES[0]:
        return gettext.NullTranslations()
    return gettext.translation("portal", str(_FOLDER), [language])


def direction(language: str) -> str:
    """Where a line begins: "ltr" or "rtl"."""
    return "rtl" if language in FROM_RIGHT else "ltr"


def _weight(written: str) -> float:
    _, equals, number = written.partition("=")
    if not equals:
        return 1.0
    try:
        return max(0.0, min(1.0, float(number)))
    except ValueError:
        return 0.0
