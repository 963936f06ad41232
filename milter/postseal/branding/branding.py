"""A branding as mail and pages use it: every value is there, and colors can be read on each other."""

from dataclasses import dataclass, field
from typing import Final

from postseal.branding import color
from postseal.branding.logo import Logo
from postseal.language.language import Language
from postseal.language.texts import NOTHING, Texts

DEFAULT: Final = "default"
"""The word of the branding that is always there."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colors that go together.

    *accent*: of the button, with *accent_text* on it.  *background*: of the page, with *text* on it.
    """

    accent: str
    accent_text: str
    background: str
    text: str

    @property
    def sheet(self) -> str:
        """What a message lies on: a little lighter than the background."""
        dark = color.contrast(self.background, color.WHITE) > color.contrast(self.background, color.BLACK)
        return color.mixed(self.background, color.WHITE, 0.04 if dark else 0.75)

    @property
    def link(self) -> str:
        """The accent, if need be darker or lighter, as the color of text."""
        return color.readable(self.accent, self.background, self.sheet)

    @property
    def soft(self) -> str:
        """For text that steps back."""
        return color.soft(self.text, self.background, self.sheet)

    @property
    def line(self) -> str:
        """For lines that part."""
        return color.mixed(self.background, self.text, 0.16)


LIGHT: Final = Palette("#2f4a6b", color.WHITE, "#f6f4ef", "#23262b")
DARK: Final = Palette("#a9c4e6", "#14202e", "#16181b", "#e6e3dc")


@dataclass(frozen=True, slots=True)
class Branding:
    """How mail and portal present themselves.

    *word*: what rules call it.  *name*: of the organisation, "" for the portal's host.  *dark*: the colors
    where a reader prefers dark ones.  *introduction*: above the button of the mail; *button*: on it; *text*:
    below it; *disclaimer*: below everything.  *portal_text*: on top of the portal's pages.  *privacy*:
    where the statement about it is.  *portal*: its own address, "" for that of the settings.  *expire*:
    seconds for which messages can be read of which no rule says it; None: as the settings say; 0 for ever.
    *languages*: of the mail, in this order; the portal goes by the reader's browser.
    *sign_in*: the ways in which its readers may sign in, none for all that the settings have.
    """

    word: str = DEFAULT
    name: str = ""
    logo: Logo | None = field(default=None, repr=False)
    light: Palette = LIGHT
    dark: Palette = DARK
    introduction: Texts = NOTHING
    button: Texts = NOTHING
    text: Texts = NOTHING
    disclaimer: Texts = NOTHING
    portal_text: Texts = NOTHING
    privacy: str = ""
    portal: str = ""
    expire: float | None = None
    languages: tuple[Language, ...] = (Language.EN,)
    sign_in: tuple[str, ...] = ()

    def allows(self, way: str) -> bool:
        """Whether its messages open to somebody who has signed in this *way*."""
        return not self.sign_in or way in self.sign_in
