"""A text in one or several languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from postseal.language.language import Language


@dataclass(frozen=True, slots=True)
class Texts:
    """*common*: for every language that *by_language* has none for."""

    common: str = ""
    by_language: tuple[tuple[Language, str], ...] = ()

    @classmethod
    def of(cls, texts: Mapping[Language, str]) -> "Texts":
        """One text for each language; whoever reads none of them gets the first."""
        return cls(next(iter(texts.values()), ""), tuple(texts.items()))

    def __bool__(self) -> bool:
        return bool(self.common)

    def read(self, language: Language) -> str:
        """The text for somebody who reads *language*."""
        return dict(self.by_language).get(language, self.common)

    def anew(self, language: Language, before: tuple[Language, ...]) -> str:
        """The same, but "" if the text was there in one of the languages *before*."""
        text = self.read(language)
        return "" if text in map(self.read, before) else text


NOTHING: Final = Texts()
