"""The usage rights that somebody who writes in the portal may choose for those who get it."""

from typing import Final

from postseal.language.catalogue import noted
from postseal.portal.visit import Visit
from postseal.rights import Template

NAMES: Final = {"encrypt_only": noted("Encrypt only"), "do_not_forward": noted("Do not forward")}
"""Of the templates that are always there."""


def choices(visit: Visit, offered: tuple[Template, ...]) -> list[tuple[str, str, str]]:
    """The word, name and description of each template that is *offered*."""
    return [(each.word, _name(visit, each), each.description.read(visit.language)) for each in offered]


def _name(visit: Visit, template: Template) -> str:
    own = NAMES.get(template.word)
    return visit.translate(own) if own else template.name.read(visit.language) or template.word
