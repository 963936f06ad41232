"""What an administrator sets for the administrators' page: where it listens, and who may do what there."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from postseal import scalar
from postseal.document import Node, bad
from postseal.errors import Place, Problem
from postseal.settings.ome import portal_url
from postseal.settings.portal import portal_address
from postseal.settings.sign_in import numeric, provider_name


class Role(StrEnum):
    """What somebody may do; each may do what those before it may."""

    AUDITOR = "auditor"  # search, and read, check and export the audit
    SUPPORT = "support"  # revoke, undo that, extend, end sessions
    ADMIN = "admin"  # see keys and brandings, and hasten replies that wait

    def includes(self, other: "Role") -> bool:
        """Whether who has this one may do what *other* may."""
        return _RANK[self] >= _RANK[other]


_RANK: Final = {role: number for number, role in enumerate(Role)}

GROUP: Final = "group:"
"""Before the name of a group, in place of an address."""


def person(node: Node, _reader: object = None) -> str:
    """An address such as `ann@example.com`, or `group:NAME`, a group that a provider says somebody is in."""
    written = scalar.text(node)
    if written.startswith(GROUP):
        if not re.fullmatch(r"[^\s\x00-\x1f](.{0,198}\S)?", written.removeprefix(GROUP)):
            raise bad(node.place, f"bad group '{written}'", "write group:NAME, as the provider calls it")
        return written
    if not (address := scalar.author(node)):
        raise bad(node.place, "expected an address, found 'none'", "write ann@example.com, or group:NAME")
    return address


@dataclass(frozen=True, slots=True)
class Admin:
    """The administrators' page, a process of its own.

    *address*: as browsers know it, "" for none.  *certificate*, *key*: PEM files, to speak TLS without a web
    server in front.  *sign_in*: the providers whose word is enough for administrators; none: links alone.
    *passkeys*: whether who has signed in may make one, and sign in with that from then on.
    *idle*, *longest*: a session ends after that without use, and that long after it began.  *fresh*: for so
    long after signing in something may be changed.  *people*: who has which role.
    """

    address: Annotated[str, portal_url] = ""
    listen: Annotated[str, portal_address] = "127.0.0.1:8600"
    certificate: Path | None = None
    key: Path | None = None
    sign_in: tuple[Annotated[str, provider_name], ...] = ()
    passkeys: bool = False
    idle: Annotated[float, scalar.duration] = 900.0
    longest: Annotated[float, scalar.duration] = 8 * 3600.0
    fresh: Annotated[float, scalar.duration] = 3600.0
    people: dict[Annotated[str, person], Role] = field(default_factory=dict)


def problems(admin: Admin, place: Place, *, portal: str, providers: Collection[str]) -> Iterator[Problem]:
    """What has to be mended; *place*: of all of it; *portal*: `https://HOST`; *providers*: their names."""
    for name in admin.sign_in:
        if name not in providers:
            yield Problem(
                place, f"there is no provider '{name}'", "it is one of those below sign_in: providers"
            )
    if admin.address and admin.address == portal:
        # Cookies and passkeys of readers must be worth nothing here.
        yield Problem(
            place, "the address is that of the portal", "give the administrators' page its own host"
        )
    if admin.passkeys and numeric(admin.address):
        yield Problem(place, "passkeys need a page with a name", "address: https://HOST, not a number")
    if admin.address and not admin.people:
        yield Problem(place, "nobody could do anything", "add people: with 'ann@example.com: admin'")
    groups = [name for name in admin.people if name.startswith(GROUP)]
    if groups and not admin.sign_in:
        yield Problem(place, f"nobody says who is in '{groups[0]}'", "name a provider below sign_in")
