"""What an administrator sets for super users, who may open everything that the organisation has sealed."""

from dataclasses import dataclass, field
from typing import Annotated

from postseal import scalar
from postseal.document import Node, bad
from postseal.errors import Place


def super_user(node: Node, _reader: object = None) -> str:
    """An address such as `ada@example.com`."""
    if not (address := scalar.author(node)):
        raise bad(node.place, "expected an address, found 'none'", "write ada@example.com")
    return address


@dataclass(frozen=True, slots=True)
class SuperUsers:
    """Nobody, unless *people* or *groups* of the directory are named.

    *sign_in*: the ways to sign in that are good enough for them: names of providers, or `passkey`.
    *open*: for how long a message is open to who has given a reason.
    """

    people: tuple[Annotated[str, super_user], ...] = ()
    groups: tuple[str, ...] = ()
    sign_in: tuple[str, ...] = ()
    open: Annotated[float, scalar.duration] = 3600.0
    place: Place = field(default=Place("portal: super_users"), compare=False, repr=False)
