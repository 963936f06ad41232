"""The languages, and in which of them somebody reads."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

_LONGEST: Final = 1000
_OWN_NAMES: Final = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "ru": "Русский",
    "zh": "简体中文",
    "ja": "日本語",
    "ar": "العربية",
}


class Language(StrEnum):
    """A language that there are texts in; the first is the one that all others are translated from."""

    EN = "en"
    DE = "de"
    FR = "fr"
    ES = "es"
    RU = "ru"
    ZH = "zh"
    JA = "ja"
    AR = "ar"

    @property
    def tag(self) -> str:
        """Its name in HTML and in header fields (RFC 5646)."""
        return "zh-Hans" if self is Language.ZH else self.value

    @property
    def direction(self) -> str:
        """Where to a line runs: `ltr` or `rtl`."""
        return "rtl" if self is Language.AR else "ltr"

    @property
    def own_name(self) -> str:
        """What those who speak it call it."""
        return _OWN_NAMES[self.value]


EVERY: Final = tuple(Language)


def chosen(accepted: str, among: Sequence[Language] = EVERY) -> Language:
    """The language of *among* for a browser with this Accept-Language (RFC 9110 §12.5.4); else the first."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:_LONGEST].split(",")):
        name, _, weight = part.partition(";")
        wanted.append((-_weight(weight), place, name.strip().lower().partition("-")[0]))
    words = {language.value: language for language in among}
    return next((words[name] for weight, _, name in sorted(wanted) if weight and name in words), among[0])


def _weight(written: str) -> float:
    _, equals, number = written.partition("=")
    if not equals:
        return 1.0
    try:
        return max(0.0, min(1.0, float(number)))
    except ValueError:
        return 0.0
