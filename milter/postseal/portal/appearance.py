"""How pages look and speak: a branding's colors as a style sheet, and the language that a visitor chose."""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from starlette.requests import Request

from postseal.branding.branding import Branding, Palette
from postseal.language.language import EVERY, Language, chosen

COOKIE: Final = "__Host-postseal-language"
_WORDS: Final = {language.value: language for language in EVERY}


def named(word: str) -> Language | None:
    """The language called *word*, if there is one."""
    return _WORDS.get(word)


def language_of(request: Request) -> Language:
    """The language that was chosen here before, or the first of the browser's that there is."""
    return named(request.cookies.get(COOKIE, "")) or chosen(request.headers.get("accept-language", ""))


@lru_cache(maxsize=100)
def style(light: Palette, dark: Palette) -> str:
    """The style sheet with these colors, over those of `portal.css`."""
    return f":root{{{_colors(light)}}}\n@media (prefers-color-scheme: dark){{:root{{{_colors(dark)}}}}}\n"


def style_address(branding: Branding) -> str:
    """Where the style sheet of *branding* is; it changes with the colors, so it may be kept for long."""
    digest = sha256(style(branding.light, branding.dark).encode()).hexdigest()[:12]
    return f"/branding/{branding.word}.css?{digest}"


def _colors(palette: Palette) -> str:
    colors = {
        "paper": palette.background,
        "sheet": palette.sheet,
        "ink": palette.text,
        "soft": palette.soft,
        "line": palette.line,
        "link": palette.link,
        "accent": palette.accent,
        "on-accent": palette.accent_text,
    }
    return ";".join(f"--{name}:{color}" for name, color in colors.items())
