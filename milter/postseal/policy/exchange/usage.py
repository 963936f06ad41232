"""Exchange's templates of usage rights: Do Not Forward is there, others by name."""

import re
from typing import Final

from postseal.binding import Reader
from postseal.policy import templates as files
from postseal.policy.exchange.value import Values, Written
from postseal.policy.templates import Templates
from postseal.rights import OPTIONS
from postseal.settings.settings import Settings

TEMPLATE: Final = "ApplyRightsProtectionTemplate"
ENCRYPTED: Final = "encrypted"
"""In place of the methods by which Exchange's encryption is carried over."""


def template(values: Values) -> Written:
    """Encrypt-Only restricts nobody, so any method will do; the names of others are for `restrict`."""
    return ENCRYPTED if values[0].lower() == "encrypt" else values[0]


def templates(settings: Settings | None) -> Templates:
    """The templates where the rules are to hold.  Raises BadInput."""
    return files.load(settings.policies / files.FOLDER) if settings else Templates(OPTIONS)


def restrict(found: dict[str, Written], name: str, reader: Reader) -> list[str]:
    """Add to the actions *found* the template that Exchange calls *name*; else what is lost.

    `Board Only` is `board_only` or `board-only` here.  Without it nothing is added.
    """
    parts = re.findall("[a-z0-9]+", name.lower())
    known = reader.names["template"]
    word = next((each for each in ("_".join(parts), "-".join(parts)) if each in known), None)
    if word is None:
        return [f"{TEMPLATE}: there is no template '{'_'.join(parts)}' in policies/templates"]
    found |= {"protect": "ome", "template": word}  # nothing else withholds rights
    return []
