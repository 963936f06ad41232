"""Whether passkeys can be asked for: their library is an extra."""

from typing import TYPE_CHECKING

from postseal.errors import BadInput, Place, Problem

if TYPE_CHECKING:
    from postseal.portal.ceremony import Ceremony


def load(setting: str) -> "type[Ceremony]":
    """What asks for passkeys, as *setting* wants it.  Raises BadInput."""
    try:
        from postseal.portal.ceremony import Ceremony  # noqa: PLC0415
    except ImportError as error:
        what, hint = f"a library is missing: {error.name}", "pip install 'postseal[passkeys]'"
        raise BadInput([Problem(Place(setting), what, hint)]) from None
    return Ceremony
