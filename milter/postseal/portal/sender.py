"""Who is a sender: somebody inside who has signed in as one.  A reader's session is worth nothing here.

The page of senders has a cookie of its own, and a session that was begun for it; so has the reading room, and
neither takes the other's.  Where the settings name no senders, there is no such page.
"""

from starlette.exceptions import HTTPException

from postseal.portal.visit import Visit
from postseal.replying.original import Inside
from postseal.settings.portal import Senders
from postseal.settings.sign_in import ways_of_senders


class NoSender(Exception):
    """Who asks has not signed in as a sender."""


def senders(visit: Visit) -> Senders:
    """What the settings say of senders; there is no page without."""
    found = visit.desk.settings.portal.senders
    if found is None:
        raise HTTPException(404)
    return found


def counts(visit: Visit, how: str) -> bool:
    """Whether who has signed in by *how* may be a sender."""
    return how in (senders(visit).sign_in or ways_of_senders(visit.desk.settings.sign_in))


def inside(visit: Visit, address: str) -> bool:
    """Whether *address* may be a sender's."""
    return address in Inside(visit.desk.settings.accepted_domains)


def known(visit: Visit) -> str:
    """The address of the sender who has signed in, "" if none has."""
    senders(visit)
    session = visit.session
    if session is None or not session.address or not counts(visit, session.how):
        return ""
    return session.address if inside(visit, session.address) else ""


def sender(visit: Visit) -> str:
    """The same.  Raises NoSender."""
    address = known(visit)
    if not address:
        raise NoSender
    return address
