"""What stands in a file of `policies/brandings`: the words, their types, and the checks of each value.

A key without a value, `null` or `''` asks for Postseal's own; a key left out for that of `default`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import wraps
from typing import Annotated, Final

from postseal import document, scalar
from postseal.binding import Reader, known
from postseal.branding.logo import BadLogo, Logo, logo
from postseal.document import Mapping, Node, Problems, Scalar, bad
from postseal.errors import Place
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.reference import keys
from postseal.settings.ome import paragraph, portal_url
from postseal.settings.sign_in import provider_name

_DAYS: Final = 730


class Reset(Enum):
    """A value that was written empty."""

    RESET = ""


RESET: Final = Reset.RESET
Value = object | Reset | None


def or_empty(read: Callable[..., object]) -> Callable[..., object]:
    """*read* for a value that may be written empty."""

    @wraps(read)
    def reading(node: Node, reader: Reader) -> object:
        if isinstance(node, Scalar) and (not node.text or (node.plain and node.text in {"null", "~"})):
            return RESET
        return read(node, reader)

    return reading


def word(node: Node, _reader: object = None) -> str:
    """A name of small letters, digits, `-` and `_`, at most 64 characters."""
    written = scalar.text(node)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", written):
        hint = "write small letters, digits, - and _, such as 'sales-france'"
        raise bad(node.place, f"bad name of a branding '{written}'", hint)
    return written


def line(node: Node, _reader: object = None) -> str:
    """Text on one line, at most 100 characters."""
    written = scalar.one(node)
    if len(written.text) > 100 or not written.text.isprintable() or not written.text.strip():
        raise bad(written.place, "too long, or not text", "write at most 100 printable characters")
    return written.text.strip()


def texts(node: Node, _reader: object = None) -> Texts:
    """Text, at most 1024 characters; or one for each language: `{en: …, de: …}`."""
    return by_language(node, paragraph)


def by_language(node: Node, read: Callable[[Node], str]) -> Texts:
    """What *read* makes of the text at *node*, or of the one for each language there."""
    if not isinstance(node, Mapping):
        return Texts(read(node))
    problems = Problems()
    found = {}
    for entry in node.entries:
        with problems.collect():
            language = Language(known(entry.key, [each.value for each in Language], "language"))
            found[language] = read(entry.value)
    problems.settle()
    return Texts.of(found)


@dataclass(frozen=True, slots=True)
class Color:
    """A color, and where it stands."""

    rgb: str
    place: Place


def color(node: Node, _reader: object = None) -> Color:
    """A color as `'#1a5fb4'`."""
    written = scalar.text(node)
    if not re.fullmatch("#[0-9a-fA-F]{6}", written):
        raise bad(node.place, f"bad color '{written}'", "write it as '#1a5fb4', in quotes")
    return Color(written.lower(), node.place)


def picture(node: Node, _reader: object = None) -> Logo:
    """A PNG or JPEG of at most 100 KiB, best 40; a relative path counts from the file it is written in."""
    path = scalar.path(node)
    try:
        octets = document.read(path)
        return logo(octets)
    except BadLogo as why:
        raise bad(node.place, f"'{path.name}' is no logo: {why}", "save it as PNG, small") from None


def https_url(node: Node, _reader: object = None) -> str:
    """An address of the web, `https://…`."""
    written = scalar.text(node)
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", written) or len(written) > 500:
        raise bad(node.place, f"bad address '{written}'", "write https://HOST/PATH, in ASCII")
    return written


def own_portal(node: Node, _reader: object = None) -> str:
    """Another address of the portal, `https://HOST`; messages that are out name it for ever."""
    return portal_url(node)


def lifetime(node: Node, _reader: object = None) -> float:
    """A time span of at most 730 days: `30d`; `0d` for ever."""
    seconds = scalar.duration(node)
    if not (seconds == 0 or 60 <= seconds <= _DAYS * 86400):
        raise bad(node.place, "too short or too long", f"write a time span from 1m to {_DAYS}d, or 0d")
    return seconds


def in_order(node: Node, _reader: object = None) -> tuple[Language, ...]:
    """Languages of the mail, in this order: `en`, `de`, `fr`, `es`, `ru`, `zh`, `ja`, `ar`."""
    words = [each.value for each in Language]
    found = tuple(Language(known(scalar.one(item), words, "language")) for item in scalar.listed(node))
    if not found or len(set(found)) < len(found):
        raise bad(node.place, "no language, or one twice", "name each language once")
    return found


def ways(node: Node, _reader: object = None) -> tuple[str, ...]:
    """Ways to sign in: `passcode`, `passkey`, names of providers in the settings; `passphrase` besides."""
    return tuple(provider_name(item) for item in scalar.listed(node))


@dataclass(frozen=True, slots=True)
class Colors:
    """Colors that are read together.

    *accent*: of the button; *accent_text*: on it, by itself black or white.  *background*: of the page;
    *text*: on it.
    """

    place: Place
    accent: Annotated[Value, or_empty(color)] = None
    accent_text: Annotated[Value, or_empty(color)] = None
    background: Annotated[Value, or_empty(color)] = None
    text: Annotated[Value, or_empty(color)] = None


@dataclass(frozen=True, slots=True)
class Written:
    """A branding.

    *name*: of the organisation, by itself the portal's host.  *logo*: a file; it travels in the mail.
    *colors*: for people who like it light, *dark*: for the others; an accent for the dark is found if `dark`
    names none.  *introduction*: above the button of the mail, *button*: on it, *text*: below it,
    *disclaimer*: below everything, in the portal too.  *portal_text*: on top of the portal's pages.
    *privacy*: where your statement about it is.  *portal*: another host for it.  *expire*: how long
    messages can be read of which no rule says it.  *languages*: of the mail; with several, each paragraph
    stands in each of them.  *sign_in*: the ways in which its readers may sign in, of those in the settings.
    """

    place: Place
    name: Annotated[Value, or_empty(line)] = None
    logo: Annotated[Value, or_empty(picture)] = None
    colors: Colors | None = None
    dark: Colors | None = None
    introduction: Annotated[Value, or_empty(texts)] = None
    button: Annotated[Value, or_empty(texts)] = None
    text: Annotated[Value, or_empty(texts)] = None
    disclaimer: Annotated[Value, or_empty(texts)] = None
    portal_text: Annotated[Value, or_empty(texts)] = None
    privacy: Annotated[Value, or_empty(https_url)] = None
    portal: Annotated[Value, or_empty(own_portal)] = None
    expire: Annotated[Value, or_empty(lifetime)] = None
    languages: Annotated[Value, or_empty(in_order)] = None
    sign_in: Annotated[Value, or_empty(ways)] = None


@dataclass(frozen=True, slots=True)
class BrandingFile:
    """What stands in one file.

    *brandings*: each by its name.  `default` is for all messages of which no rule says another; whether it
    is written or not, it is there.
    """

    brandings: dict[Annotated[str, word], Written] = field(default_factory=dict)


def reference() -> str:
    """The keys of a branding as a Markdown list."""
    return "\n".join(line.removesuffix("  Default: `none`.") for line in keys(Written)) + "\n"
