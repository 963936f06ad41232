"""A message, opened by a super user: he says why first, and the audit has that before he sees anything.

He reads by the key of somebody who can still read the message: what is revoked for everybody, has expired or
was forgotten stays closed.  What restricts readers does not restrict him, nor is the sender told.
"""

from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response, StreamingResponse

from postseal.message import Message
from postseal.portal import saved
from postseal.portal.found import Found, Gone, SignedOut, found
from postseal.portal.opened import message_of
from postseal.portal.visit import Visit
from postseal.reading.view import View, view
from postseal.reading.walls import BODY_HEADERS, SANDBOX
from postseal.store.audit import AS_SUPER_USER, Entry, Event

REASON: Final = 250
"""Characters of a reason."""
_WHOLE: Final = "message.eml"


def oversees(visit: Visit) -> bool:
    """Whether who has signed in is a super user.  Raises Failure."""
    overseers, session = visit.desk.overseers, visit.session
    return overseers is not None and session is not None and overseers.includes(session.address, session.how)


def look(visit: Visit) -> Response:
    """The page that asks for a reason; then that with the message."""
    return _page(visit, _overseen(visit))


def give_reason(visit: Visit) -> Response:
    """Open the message for a while, after its reason is noted."""
    here = _overseen(visit)
    reason = " ".join(visit.form.texts.get("reason", "").split())
    if not reason or len(reason) > REASON:
        return _page(visit, here, problem="reason", status=422)
    visit.desk.opened.audit.add([Entry(Event.OVERSEEN, here.message.id, visit.address, reason)], at=visit.at)
    visit.desk.count.event("overseen")
    return RedirectResponse(f"/m/{here.handle}/oversight", 303)


def body(visit: Visit) -> Response:
    """The document with the body."""
    here = _opened(visit)
    seen = _seen(visit, _message(visit, here))
    _note(visit, here, Event.SHOWN, AS_SUPER_USER)
    return StreamingResponse(seen.document.pieces(), 200, BODY_HEADERS)


def whole(visit: Visit) -> Response:
    """The message as it was sent, with its files."""
    here = _opened(visit)
    original = _message(visit, here)
    _note(visit, here, Event.FETCHED, f"{_WHOLE}, {AS_SUPER_USER}")
    return saved.octets(original.pieces(), _WHOLE, "message/rfc822", original.size)


def _overseen(visit: Visit) -> Found:
    """The message, for a super user.  Raises Gone and SignedOut."""
    here = found(visit)
    if not oversees(visit):
        raise SignedOut(here.handle)
    return here


def _opened(visit: Visit) -> Found:
    """The same, if he has said why."""
    here = _overseen(visit)
    if not _is_open(visit, here):
        raise SignedOut(here.handle)
    return here


def _is_open(visit: Visit, here: Found) -> bool:
    overseers = visit.desk.overseers
    since = visit.at - timedelta(seconds=overseers.seconds if overseers else 0)
    return visit.desk.opened.audit.count(Event.OVERSEEN, here.message.id, visit.address, since=since) > 0


def _message(visit: Visit, here: Found) -> Message:
    for one in here.message.recipients:
        if one.readable(visit.at):
            return message_of(visit, here, one)
    raise Gone


def _seen(visit: Visit, original: Message) -> View:
    return view(original, visit.desk.spool, say=visit.translate, language=visit.language)


def _page(visit: Visit, here: Found, *, problem: str = "", status: int = 200) -> Response:
    facts: dict[str, object] = {"here": here, "problem": problem, "longest": REASON, "sandbox": SANDBOX}
    facts["seen"] = _seen(visit, _message(visit, here)) if _is_open(visit, here) else None
    return visit.page("oversight.html", status=status, **facts)


def _note(visit: Visit, here: Found, event: Event, detail: str) -> None:
    if visit.request.method == "HEAD":  # nothing of it leaves us
        return
    visit.desk.opened.audit.add([Entry(event, here.message.id, visit.address, detail)], at=visit.at)
