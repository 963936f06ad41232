"""Replies from the portal that wait: whose, since when, why; and trying them again now."""

from datetime import timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.administering.visit import Visit
from postseal.portal.field import Text
from postseal.portal.refusal import Reason, Refused

WHICH: Final = {"reply": Text(32)}
_SHOWN: Final = 100


def overview(visit: Visit) -> Response:
    """Those that have to leave, the oldest first."""
    outbox = visit.desk.opened.outbox
    number, _ = outbox.oldest()
    return visit.page("replies.html", number=number, waiting=outbox.unsent(limit=_SHOWN))


def retry(visit: Visit) -> Response:
    """Have one, or all, tried again by whichever portal looks next, within seconds."""
    try:
        reply = bytes.fromhex(visit.form.texts.get("reply", ""))
    except ValueError:
        raise Refused(Reason.MALFORMED) from None
    # A moment ago: the clocks of other hosts may be a little behind.
    at = visit.at - timedelta(seconds=5)
    visit.desk.opened.outbox.hasten(*((reply,) if reply else ()), at=at)
    return RedirectResponse("/replies", 303)
