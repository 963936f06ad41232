"""Reads the folder of brandings, `policies/brandings`: every *.yaml of it, all problems at once.

Without the folder there is the default branding alone.  Milter and portal read the same files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Final

from postseal import document
from postseal.binding import Reader
from postseal.branding import color
from postseal.branding.branding import DARK, DEFAULT, LIGHT, Branding, Palette
from postseal.branding.written import RESET, BrandingFile, Color, Colors, Written
from postseal.document import Problems
from postseal.errors import Place
from postseal.settings.settings import Settings
from postseal.settings.sign_in import PASSPHRASE, ways

FOLDER: Final = "brandings"
_PAIRS: Final = (("accent_text", "accent"), ("text", "background"))


def load(settings: Settings) -> Mapping[str, Branding]:
    """The brandings beside the policies of *settings*, by their names.  Raises BadInput."""
    folder = settings.policies / FOLDER
    found = read(folder)
    problems = Problems()
    here = ways(settings.sign_in)
    for word, branding in found.items():
        for way in branding.sign_in:
            if way not in here:
                what = f"branding '{word}': there is no way to sign in called '{way}'"
                problems.add(
                    Place(str(folder)), what, f"below 'sign_in:' in the settings are {', '.join(here)}"
                )
        if branding.sign_in == (PASSPHRASE,):
            what = f"branding '{word}': nobody could sign in, as a passphrase is asked for besides"
            problems.add(Place(str(folder)), what, f"name another way as well, of {', '.join(here)}")
    problems.settle()
    return found


def read(folder: Path) -> Mapping[str, Branding]:
    """The brandings in *folder*; `default` is always among them.  Raises BadInput."""
    problems = Problems()
    written: dict[str, Written] = {}
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        with problems.collect():
            for word, each in Reader().bind(document.load(path), BrandingFile).brandings.items():
                if first := written.get(word):
                    what = f"there is a branding '{word}' at {first.place} already"
                    problems.add(each.place, what, "give it another name")
                written[word] = each
    default = written.pop(DEFAULT, Written(Place(str(folder))))
    if default.expire is not None:
        hint = "write 'expire:' below 'ome:' in the settings, which all messages have"
        problems.add(default.place, f"'{DEFAULT}' says how long messages can be read", hint)
    base = _made(DEFAULT, default, Branding(), problems)
    found = {DEFAULT: base}
    found |= {word: _made(word, each, base, problems) for word, each in written.items()}
    problems.settle()
    return found


def _made(word: str, written: Written, base: Branding, problems: Problems) -> Branding:
    """What *written* says, over *base*."""
    own = Branding()
    values: dict[str, object] = {"word": word}
    for field in fields(Branding):
        given = getattr(written, field.name, None)
        if given is RESET:
            values[field.name] = getattr(own, field.name)
        elif field.name not in {"word", "light", "dark"}:
            values[field.name] = getattr(base, field.name) if given is None else given
    light = _palette(written.colors, base.light, LIGHT)
    dark = _palette(written.dark, base.dark, DARK)
    given_dark = written.dark.accent if written.dark else None
    if light.accent != base.light.accent and given_dark is None:
        dark = _with_accent(dark, color.readable(light.accent, dark.background, dark.sheet))
    for colors, palette in ((written.colors, light), (written.dark, dark)):
        for place, what, hint in _unreadable(colors, palette) if colors else ():
            problems.add(place, what, hint)
    return Branding(**(values | {"light": light, "dark": dark}))  # type: ignore[arg-type] # by their names


def _palette(colors: Colors | None, base: Palette, own: Palette) -> Palette:
    values = {}
    for field in fields(Palette):
        given = getattr(colors, field.name, None)
        chosen = given.rgb if isinstance(given, Color) else None
        values[field.name] = chosen or getattr(own if given is RESET else base, field.name)
    palette = Palette(**values)
    if colors and isinstance(colors.accent, Color) and colors.accent_text is None:
        return _with_accent(palette, palette.accent)
    return palette


def _with_accent(palette: Palette, accent: str) -> Palette:
    return Palette(accent, color.on(accent), palette.background, palette.text)


def _unreadable(colors: Colors, palette: Palette) -> Iterator[tuple[Place, str, str]]:
    """The pairs of *palette* that nobody can read, as problems of *colors*."""
    for text, ground in _PAIRS:
        front, behind = getattr(palette, text), getattr(palette, ground)
        grounds = (behind, palette.sheet) if ground == "background" else (behind,)
        ratio = min(color.contrast(front, each) for each in grounds)
        if ratio < color.READABLE:
            given = next(
                (one for word in (text, ground) if isinstance(one := getattr(colors, word), Color)), None
            )
            if given:
                pair = f"{text} {front} on {ground} {behind}"
                what = f"{pair}: a contrast of {ratio:.2f}:1, and WCAG AA needs 4.5:1"
                yield given.place, what, f"{text} {color.readable(front, *grounds)} would do"
