"""What is written around one sealed message, as sentences in each language of its branding.

A sentence is a template and the values in it, so that each form of the mail marks the values in its own way:
an address in Arabic text would otherwise take the words around it out of their order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Formatter
from typing import Final

from postseal.body import Body
from postseal.branding.branding import Branding
from postseal.language.moment import moment
from postseal.methods.wording import Wording, wording

_ISOLATED: Final = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"


@dataclass(frozen=True, slots=True)
class Cover:
    """What is written around one sealed message.

    *name*: of whom the portal belongs to.  *link*: to the portal.  *online*: whether the link leads to a
    copy.  *container*: what is attached, None for the form with the link alone.  *until*: None if it can be
    read for ever.  *forwarded*: who has sent it on, and whose message it is, both addresses; None if its
    author sends it himself.
    """

    branding: Branding
    name: str
    link: str
    online: bool
    container: Body | None
    until: datetime | None
    subject: str
    forwarded: tuple[str, str] | None = None

    @property
    def portal(self) -> str:
        """The portal's address."""
        return self.link.partition("/m/")[0]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A *template* of the catalogue, with `{name}` where one of *values* stands."""

    template: str
    values: Mapping[str, str]

    def filled(self, plain: Callable[[str], str], value: Callable[[str, str], str]) -> str:
        """The sentence, its own words through *plain*, and each value, with its name, through *value*."""
        return "".join(
            plain(words) + (value(name, self.values[name]) if name else "")
            for words, name, _, _ in Formatter().parse(self.template)
        )


@dataclass(frozen=True, slots=True)
class Section:
    """The words in one language.

    *introduction*, *text* and *disclaimer* are the branding's own, "" where an earlier section has them.
    """

    wording: Wording
    sent: Sentence
    until: Sentence | None
    file: Sentence
    introduction: str
    text: str
    disclaimer: str
    button: str

    @property
    def direction(self) -> str:
        """Where to its lines run."""
        return self.wording.language.direction

    def plain(self, sentence: Sentence) -> str:
        """*sentence* in plain text."""
        isolated = _ISOLATED if self.direction == "rtl" else "{}"
        return sentence.filled(str, lambda _name, value: isolated.format(value))


def sections(cover: Cover, author: str) -> list[Section]:
    """The sections for the languages of *cover*'s branding, in their order."""
    branding, found = cover.branding, []
    for number, language in enumerate(branding.languages):
        words, before = wording(language), branding.languages[:number]
        until = moment(cover.until, language) if cover.until else ""
        section = Section(
            wording=words,
            sent=_sent(cover, words, author),
            until=Sentence(words.until, {"until": until}) if until else None,
            file=Sentence(words.file, {"name": cover.name}),
            introduction=branding.introduction.anew(language, before),
            text=branding.text.anew(language, before),
            disclaimer=branding.disclaimer.anew(language, before),
            button=branding.button.read(language) or words.open,
        )
        found.append(section)
    return found


def _sent(cover: Cover, words: Wording, author: str) -> Sentence:
    if cover.forwarded is None:
        return Sentence(words.sent, {"author": author, "name": cover.name})
    reader, author = cover.forwarded
    return Sentence(words.forwarded, {"reader": reader, "author": author, "name": cover.name})
