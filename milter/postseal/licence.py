"""What holds for readers of a sealed message besides the rights that they have; noted when it is sealed.

How long somebody who has signed in may go on reading, whether he may take a copy along, what becomes of
files, and what he is told of the templates.  Its text is kept with the message, and the message's keys are
bound to it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from postseal.language.language import Language
from postseal.language.texts import NOTHING, Texts


class Attachments(StrEnum):
    """What becomes of the files in a message that its reader must not save; the strictest last."""

    PASSWORD = "password"  # noqa: S105 (a word of policies)
    PROTECT = "protect"
    VIEW_ONLY = "view_only"
    PICTURES = "pictures"
    WITHHOLD = "withhold"

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(Attachments).index(self)


DEFAULT_ATTACHMENTS: Final = Attachments.VIEW_ONLY
"""What holds where nobody has said anything."""
SAVED: Final = frozenset({Attachments.PASSWORD, Attachments.PROTECT})
"""Those with which files leave, encrypted."""


def strictest(choices: Iterable[Attachments | None]) -> Attachments | None:
    """The strictest of *choices*; None if there are none."""
    return max((each for each in choices if each), key=lambda each: each.rank, default=None)


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
    *attachments*: what becomes of files that must not be saved as they are.
    """

    labels: tuple[Label, ...] = ()
    offline: bool = False
    seconds: int | None = None
    attachments: Attachments = DEFAULT_ATTACHMENTS

    @property
    def text(self) -> str:
        """The same as JSON, always written in the same way; "" for `ORDINARY`."""
        if self == ORDINARY:
            return ""
        labels = [
            {"word": one.word, "name": _by_language(one.name), "description": _by_language(one.description)}
            for one in self.labels
        ]
        facts: dict[str, object] = {"labels": labels, "offline": self.offline, "seconds": self.seconds}
        if self.attachments is not DEFAULT_ATTACHMENTS:
            facts["attachments"] = self.attachments.value
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
        files = Attachments(facts.get("attachments", DEFAULT_ATTACHMENTS))
        return cls(labels, facts["offline"], facts["seconds"], files)


ORDINARY: Final = Licence()
"""That of a message without a template."""


def _by_language(texts: Texts) -> dict[str, str]:
    return {"": texts.common} | {language.value: text for language, text in texts.by_language}


def _texts(written: dict[str, str]) -> Texts:
    known = [language for language in Language if language.value in written]
    return Texts(written[""], tuple((language, written[language.value]) for language in known))
