"""Where `message.html` and links arrive.

A post has no effect but a container that ends by itself: whoever posts, person or robot, has read nothing
and is sent nothing.  It comes from a file, so it has no cookie and the origin `null`.
"""

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from postseal.portal.field import Container, Declared, Text
from postseal.portal.found import Gone, written
from postseal.portal.posting import Posting
from postseal.portal.upload import received
from postseal.portal.visit import Visit
from postseal.store.audit import Entry, Event


async def post(visit: Visit) -> Response:
    """Keep the container that the form of `message.html` has brought, and show where to read it."""
    request, portal = visit.request, visit.desk.settings.portal
    posting = await run_in_threadpool(_posting, visit)
    fields: Declared = {"v": Text(4), "id": Text(64), "p": Container(posting, portal.upload)}
    kind = request.headers.get("content-type", "")
    try:
        await received(request.stream(), kind, fields, spool=visit.desk.spool)
    except BaseException:  # whatever it was; also that the browser went away
        await run_in_threadpool(posting.drop)
        raise
    handle = await run_in_threadpool(_end, visit, posting)
    return RedirectResponse(f"/m/{handle}", 303)


def _posting(visit: Visit) -> Posting:
    messages = visit.desk.opened.messages

    def wanted(message: bytes) -> None:
        known = messages.of(message)
        if known is None or not any(one.readable(visit.at) for one in known.recipients):
            raise Gone

    until = visit.at + timedelta(seconds=visit.desk.settings.portal.posted)
    return Posting(visit.desk.opened.containers, wanted, at=visit.at, until=until)


def _end(visit: Visit, posting: Posting) -> str:
    handle = posting.end()
    if not posting.crowded:  # nor must the audit be filled
        visit.desk.opened.audit.add([Entry(Event.POSTED, posting.message)], at=visit.at)
    visit.desk.count.event("posted")
    return written(handle)
