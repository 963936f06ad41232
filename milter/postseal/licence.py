"""What holds for readers of a sealed message besides the rights that they have; noted when it is sealed.

How long somebody who has signed in may go on reading, whether he may take a copy along, and what he is told
of the templates.  Its text is kept with the message, and the message's keys are bound to it.
"""

import json
from dataclasses import dataclass
from typing import Final

from postseal.language.language import Language
from postseal.language.texts import NOTHING, Texts


@dataclass(frozen=True, slots=True)
class Label:
    """A template to its readers: the *word* that rules call it, its *name*, and a *description* of it."""

    word: str
    name: Texts = NOTHING
    description: Texts = NOTHING


@dataclass(frozen=True, slots=True)
class Licence:
    """*labels*: of the message's templates.  *offline*: whether a copy may be read without the portal.

    *seconds*: for which somebody who has signed in can read before he does so anew, and for which such a copy
    is good; 0: anew each time; None: as the portal says, and as long as the message can be read.
    """

    labels: tuple[Label, ...] = ()
    offline: bool = False
    seconds: int | None = None

    @property
    def text(self) -> str:
        """The same as JSON, always written in the same way; "" for `ORDINARY`."""
        if self == ORDINARY:
            return ""
        labels = [
            {"word": one.word, "name": _by_language(one.name), "description": _by_language(one.description)}
            for one in self.labels
        ]
        facts = {"labels": labels, "offline": self.offline, "seconds": self.seconds}
        return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> "Licence":
        """The licence that this is the text of.  Raises ValueError, KeyError or TypeError if it is none."""
        if not text:
            return ORDINARY
        facts = json.loads(text)
        labels = tuple(
            Label(each["word"], _texts(each["name"]), _texts(each["description"])) for each in facts["labels"]
        )
        return cls(labels, facts["offline"], facts["seconds"])


ORDINARY: Final = Licence()
"""That of a message without a template."""


def _by_language(texts: Texts) -> dict[str, str]:
    return {"": texts.common} | {language.value: text for language, text in texts.by_language}


def _texts(written: dict[str, str]) -> Texts:
    known = [language for language in Language if language.value in written]
    return Texts(written[""], tuple((language, written[language.value]) for language in known))
