"""Somebody who reads a message as a member of a list that it was sent to.

He shows that his own address is his, like every reader, and gets a row and a key of his own below the
list's: from then on his reading, his mark and his revoking are his.  That he still is a member is asked at
every request.  What cannot be found out opens nothing.
"""

from sqlalchemy import Connection

from postseal.portal.visit import Visit
from postseal.store import audit as audit_room
from postseal.store.audit import Entry, Event
from postseal.store.branches import Barred, Branch, Bud, grow
from postseal.store.sealed import Addressee, Kind, SealedMessage, unwrapped


def reader_of(visit: Visit, message: SealedMessage, address: str) -> Addressee | None:
    """The reader of *message* with this *address*, who has proved to be that.  Raises Failure.

    None also for somebody who has left the list by way of which he has read it.
    """
    known = message.addressee(address)
    if known is None:
        return _admitted(visit, message, address)
    if known.kind is not Kind.MEMBER or _list(visit, address, [known.parent]):
        return known
    return None


def may_sign_in(visit: Visit, message: SealedMessage, address: str, how: str) -> bool:
    """Whether *address*, who has proved *how* to be that, has come for *message* with reason."""
    overseers = visit.desk.overseers
    if overseers is not None and overseers.includes(address, how):
        return True
    return reader_of(visit, message, address) is not None


def is_named(message: SealedMessage, address: str) -> bool:
    """Whether *address* is a reader whatever a list says: its sender or another reader has named him."""
    known = message.addressee(address)
    return known is not None and known.kind is not Kind.MEMBER


def _admitted(visit: Visit, message: SealedMessage, address: str) -> Addressee | None:
    """Who has read nothing yet, and is a member."""
    readable = {one.address: one for one in message.recipients if one.readable(visit.at)}
    # A second code that the sender asks for is for one telephone, and not for whoever is on a list.
    lists = [one.address for one in readable.values() if one.kind is not Kind.MEMBER and not one.number]
    parent, opened = _list(visit, address, lists), visit.desk.opened
    if not parent:
        return None
    secret = unwrapped(message, readable[parent], opened.keys)
    bud = Bud(address, address, opened.keys.wrap(secret, message.bound(address)))
    entry = Entry(Event.ADMITTED, message.id, address, f"by {parent}")

    def work(connection: Connection) -> list[audit_room.Row]:
        if not grow(connection, message.id, [bud], Branch(address, parent, Kind.MEMBER, visit.at)):
            return []  # in another tab, a moment ago
        return opened.audit.added(connection, [entry], visit.at)

    try:
        audit_room.tell(opened.store.write(work))
    except Barred:  # it was taken from the list meanwhile
        return None
    visit.desk.count.event("admitted")
    now = opened.messages.of(message.id)
    return now.addressee(address) if now else None


def _list(visit: Visit, address: str, lists: list[str]) -> str:
    """The one of *lists* that *address* is on, "" if none."""
    members = visit.desk.members
    return members.list_of(address, lists) if members and lists else ""
