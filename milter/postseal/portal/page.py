"""The pages: Jinja templates below `templates`, which escape whatever they are given.

Each language has an environment of its own, so a compiled template never mixes two.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from postseal.language.catalogue import catalogue
from postseal.language.language import Language
from postseal.language.moment import moment
from postseal.portal.refusal import Reason, Refused, readable_size

ROOM: Final = Path(__file__).parent
"""Where templates are."""
STATIC: Final = ROOM / "static"
"""The files that pages refer to."""


def rendered(template: str, language: Language, **facts: object) -> str:
    """The page of *template* in *language*."""
    return rendered_of((ROOM,), template, language, facts)


def rendered_of(
    rooms: tuple[Path, ...], template: str, language: Language, facts: Mapping[str, object]
) -> str:
    """The same where templates, and static files, are looked for in *rooms* one after the other."""
    return _environment(language, rooms).get_template(template).render(facts)


def translate(language: Language) -> Callable[[str], str]:
    """Finds a text in *language*."""
    return catalogue(language).gettext


@lru_cache(maxsize=32)
def _environment(language: Language, rooms: tuple[Path, ...]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([room / "templates" for room in rooms]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    found = catalogue(language)
    environment.install_gettext_callables(found.gettext, found.ngettext, newstyle=True)  # type: ignore[attr-defined] # of the extension
    environment.globals.update(language=language, static=_static(rooms))
    refusal = partial(_refusal, found.gettext)
    environment.filters.update(moment=partial(_moment, language=language), size=_size, refusal=refusal)
    return environment


@lru_cache
def _static(rooms: tuple[Path, ...]) -> dict[str, str]:
    """The address of each file, which changes with its content: it may be kept for long."""
    return {
        file.name: f"/static/{file.name}?{sha256(file.read_bytes()).hexdigest()[:12]}"
        for room in rooms
        for file in (room / "static").iterdir()
    }


def _refusal(say: Callable[[str], str], refused: Refused) -> str:
    limit = str(refused.limit) if refused.reason is Reason.TOO_MANY_FILES else readable_size(refused.limit)
    return say(refused.reason.value[1]).format(what=refused.what, limit=limit)


def _size(octets: int) -> Markup:
    """*octets*, which read from left to right also among words that do not."""
    return Markup('<bdi dir="ltr">{}</bdi>').format(readable_size(octets))


def _moment(at: datetime, *, language: Language) -> Markup:
    """*at* as people of *language* write it, and as a script can put it into the reader's own time."""
    written = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup('<time datetime="{}">{}</time>').format(written, moment(at, language))
