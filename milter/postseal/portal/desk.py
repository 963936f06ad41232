"""What the pages of one portal process share.  Nothing is opened before it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from postseal.body import Spool
from postseal.branding.branding import DEFAULT, Branding
from postseal.branding.shelf import Shelf
from postseal.people.members import Members
from postseal.portal.count import Count
from postseal.portal.outgoing import Outgoing, Round
from postseal.portal.overseers import Overseers
from postseal.portal.post import Post
from postseal.portal.telephone import Telephones
from postseal.settings.settings import Settings
from postseal.store.ring import Opened, Ring
from postseal.store.sessions import Sessions

if TYPE_CHECKING:  # its library is an extra
    from postseal.accounts.provider import Provider
    from postseal.portal.ceremony import Ceremony


@dataclass(frozen=True, slots=True)
class Desk:
    """*post* sends passcodes.  *clock*: the time, with its zone.  *shelf*: the brandings.

    *outgoing*: None where nobody can reply.  *telling*: tells senders of readers, if it runs.
    *providers*: of accounts elsewhere.  *telephones*: None
    where codes go by mail alone.  *ceremony*: None without passkeys.  *members*: of lists; None where only
    who is named reads.  *overseers*: the super users; None if there are none.
    """

    settings: Settings
    ring: Ring
    spool: Spool
    post: Post
    count: Count
    clock: Callable[[], datetime]
    shelf: Shelf
    outgoing: Outgoing | None = None
    telling: Round | None = None
    providers: "Mapping[str, Provider]" = field(default_factory=dict)
    telephones: Telephones | None = None
    ceremony: "type[Ceremony] | None" = None
    members: Members | None = None
    overseers: Overseers | None = None

    @property
    def texts(self) -> bool:
        """Whether some addresses have their codes by text message."""
        return bool(self.settings.sign_in.sms and self.settings.sign_in.sms.numbers)

    @property
    def address(self) -> str:
        """The portal as browsers know it, `https://HOST`."""
        return self.settings.ome.portal

    @property
    def addresses(self) -> frozenset[str]:
        """All addresses of the portal: brandings may have their own."""
        own = (branding.portal for branding in self.shelf.values())
        return frozenset({self.address, *filter(None, own)})

    def branding_at(self, address: str) -> Branding:
        """The branding for pages without a message at this *address* of the portal."""
        brandings = self.shelf
        own = (branding for branding in brandings.values() if branding.portal == address)
        return next(own, brandings[DEFAULT])

    @property
    def opened(self) -> Opened:
        """The verbs of the store.  May raise Failure."""
        return self.ring.open()

    @property
    def sessions(self) -> Sessions:
        """The verbs of sessions.  May raise Failure."""
        portal = self.settings.portal
        idle, longest = timedelta(seconds=portal.idle), timedelta(seconds=portal.longest)
        return Sessions(self.opened.store, idle=idle, longest=longest)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self.count.requests.labels(route, method, f"{status // 100}xx").inc()
        self.count.seconds.labels(route).observe(seconds)
