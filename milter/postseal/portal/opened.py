"""A sealed message, opened for a recipient who has signed in.  Only here is anything decrypted for a page."""

from postseal import message_file
from postseal.message import Message
from postseal.portal.found import Found
from postseal.portal.refusal import Reason, Refused
from postseal.portal.visit import Visit
from postseal.sealed.container import Tampered, opened
from postseal.store.audit import Entry, Event
from postseal.store.sealed import Addressee, unwrapped


def message_of(visit: Visit, here: Found, reader: Addressee) -> Message:
    """What is sealed, after all of it was verified.  Raises Refused if somebody has changed it."""
    ring = visit.desk.opened
    key = unwrapped(here.message, reader, ring.keys)
    try:
        plain = opened(ring.containers.pieces(here.container), key, visit.desk.spool)
    except Tampered:
        ring.audit.add([Entry(Event.FAILED, here.message.id, reader.address, "container")], at=visit.at)
        visit.desk.count.event("tampered")
        raise Refused(Reason.NOT_SEALED) from None
    return message_file.parsed(plain)
