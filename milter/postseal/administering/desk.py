"""What the pages of the administrators share.  Nothing is opened before it is used."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from postseal import log
from postseal.branding.branding import DEFAULT, Branding
from postseal.branding.shelf import Shelf
from postseal.envelope import key
from postseal.settings.admin import GROUP, Role
from postseal.settings.settings import Settings
from postseal.store.administrators import Administrators
from postseal.store.passkeys import Passkeys
from postseal.store.ring import Opened, Ring
from postseal.store.schema_administrators import administrator_passkeys

if TYPE_CHECKING:  # its library is an extra
    from postseal.accounts.provider import Provider
    from postseal.portal.ceremony import Ceremony

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desk:
    """*clock*: the time, with its zone.  *shelf*: the brandings.  *providers*: with whom one may sign in.

    *ceremony*: None without passkeys.
    """

    settings: Settings
    ring: Ring
    clock: Callable[[], datetime]
    shelf: Shelf
    providers: "Mapping[str, Provider]" = field(default_factory=dict)
    ceremony: "type[Ceremony] | None" = None

    @property
    def addresses(self) -> frozenset[str]:
        """The one at which browsers find the page."""
        return frozenset({self.settings.admin.address})

    @property
    def branding(self) -> Branding:
        """How these pages look."""
        return self.shelf[DEFAULT]

    @property
    def opened(self) -> Opened:
        """The verbs of the store.  May raise Failure."""
        return self.ring.open()

    @property
    def administrators(self) -> Administrators:
        """The verbs of who has signed in.  May raise Failure."""
        admin = self.settings.admin
        idle, longest = timedelta(seconds=admin.idle), timedelta(seconds=admin.longest)
        return Administrators(self.opened.store, idle=idle, longest=longest)

    @property
    def passkeys(self) -> Passkeys:
        """The verbs of administrators' own.  May raise Failure."""
        return Passkeys(self.opened.store, administrator_passkeys)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Tell the log of an answer: the template of its route, and nobody."""
        ms = round(seconds * 1000)
        line = log.line(event="admin_answered", route=route, method=method, status=status, ms=ms)
        _log.debug("%s", line)


def role_of(people: Mapping[str, Role], address: str, groups: Collection[str]) -> Role | None:
    """What who signed in as *address*, a member of *groups*, may do, as *people* say; None for nothing."""
    named = {GROUP + group for group in groups}
    who = key(address)
    found = {
        role
        for name, role in people.items()
        # An address that reads as a group is none, nor a group that reads as an address.
        if (name in named if name.startswith(GROUP) else key(name) == who)
    }
    return next((role for role in reversed(Role) if role in found), None)
