"""The mail that brings a sealed message to somebody whom one of its readers has named.

It holds what the reader's own mail held: the container, or a link to the copy that the portal keeps.  Nothing
is sealed anew, and nothing of the message is outside that was not outside before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.message import Message
from postseal.methods.carrier import KEEP, carrier
from postseal.methods.cover import Cover
from postseal.methods.recognition import named, portal_of
from postseal.settings.ome import Ome

if TYPE_CHECKING:
    from postseal.store.sealed import SealedMessage


@dataclass(frozen=True, slots=True)
class Onward:
    """*reader* forwards *message*, which *author* has written; both are addresses, for people to read.

    *container*: None where a link is enough; *online*: whether there is a copy behind it.  *until*: how long
    it can be read, None for ever.
    """

    message: "SealedMessage"
    branding: Branding
    reader: str
    author: str
    container: Body | None
    online: bool
    until: datetime | None


def onward(head: Message, way: Onward, settings: Ome, spool: Spool) -> Message:
    """The mail with the fields of *head* that brings what *way* says."""
    cover = Cover(
        branding=way.branding,
        name=named(way.branding, settings),
        link=f"{portal_of(way.branding, settings)}/m/{way.message.id.hex()}",
        online=way.online,
        container=way.container,
        until=way.until,
        # A rule may have hidden what the settings would show.
        subject=Ome().subject if settings.subject == KEEP else settings.subject,
        forwarded=(way.reader, way.author),
    )
    return carrier(head, cover, (), spool)
