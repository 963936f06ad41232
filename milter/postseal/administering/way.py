"""A route of the administrators' page, and what it takes to go there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from postseal.administering.visit import Visit
from postseal.portal.field import Text
from postseal.settings.admin import Role

Endpoint = Callable[[Visit], Response]


@dataclass(frozen=True, slots=True)
class Way:
    """*needs*: the least role, None for everybody, also who has not signed in.

    *act*: its word in the audit, "" if nobody learns or changes anything.  *fields*: the texts of a form,
    beside the token, or of the query.  *foreign*: others may post here.
    """

    path: str
    method: str
    endpoint: Endpoint
    needs: Role | None
    act: str = ""
    fields: Mapping[str, Text] = field(default_factory=dict)
    foreign: bool = False


class SignedOut(Exception):
    """Nobody has signed in."""


class Stale(Exception):
    """Who wants to change something has signed in too long ago."""


class NotAllowed(Exception):
    """Who has signed in may not do this."""


class Missing(Exception):
    """There is no such thing (any more)."""
