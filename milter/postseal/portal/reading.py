"""What somebody has read, as the audit hears of it, and the sender if he wants to."""

from postseal.portal.found import Found
from postseal.portal.visit import Visit
from postseal.store.audit import Entry, Event


def note(visit: Visit, here: Found, event: Event, detail: str = "") -> None:
    """Note that who has signed in reads now: *event* is `SHOWN` or `FETCHED`."""
    if visit.request.method == "HEAD":  # nothing of it leaves us
        return
    desk = visit.desk
    desk.count.event(event.value)
    entry = Entry(event, here.message.id, visit.address, detail)
    if desk.opened.read_notices.note(entry, at=visit.at) and desk.telling:
        desk.telling.wake()
