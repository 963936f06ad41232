"""What a sender does with a message of his: withdraw it, undo that, set until when it can be read, be told.

Each is for the recipients that he has ticked.  Withdrawing asks once more; a form of ours is then sent a
second time with the answer.  He never lets a message be read longer than policy does.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.portal.field import Text
from postseal.portal.sender_pages import Own, message_page, own, subject
from postseal.portal.visit import Visit
from postseal.store.schema import ADDRESS_CHARACTERS
from postseal.store.sealed import Addressee, scrub

_DAY: Final = timedelta(days=1)
_BY: Final = "by the sender"
FIELDS: Final = {
    "recipient": Text(4 * ADDRESS_CHARACTERS, number=1000),
    "all": Text(10),
    "until": Text(20),
    "end": Text(10),
}
"""Those of the form with a message's recipients; it has a button for each act."""


def revoke(visit: Visit) -> Response:
    """Let recipients read no more, after he has said so twice."""
    here = own(visit)
    chosen = [one for one in _chosen(visit, here) if one.readable(visit.at)]
    if not chosen:
        return message_page(visit, here, problem="nobody", status=422)
    keep = timedelta(seconds=visit.desk.settings.ome.undo_revoke)
    if visit.form.texts.get("sure") != "yes":
        undo, named = visit.at + keep if keep else None, subject(visit, here.message)
        return visit.page("sender_revoke.html", here=here, subject=named, chosen=chosen, undo=undo)
    opened, addresses = visit.desk.opened, [one.address for one in chosen]
    opened.access.revoke(
        here.message.id, addresses, at=visit.at, undo=visit.at + keep if keep else None, by=_BY
    )
    if not keep:
        scrub(opened.store)
    visit.desk.count.event("withdrawn")
    return RedirectResponse(here.path, 303)


def restore(visit: Visit) -> Response:
    """Let who was withdrawn from read again, where that is still possible."""
    here = own(visit)
    addresses = [one.address for one in _chosen(visit, here) if one.restorable(visit.at)]
    if not addresses or not visit.desk.opened.access.restore(here.message.id, addresses, at=visit.at, by=_BY):
        return message_page(visit, here, problem="not_undone", status=422)
    visit.desk.count.event("restored")
    return RedirectResponse(here.path, 303)


def extend(visit: Visit) -> Response:
    """Set until when recipients can read it: longer or shorter, but never beyond what policy allows."""
    here = own(visit)
    chosen = [one.address for one in _chosen(visit, here) if one.readable(visit.at)]
    if not chosen:
        return message_page(visit, here, problem="nobody", status=422)
    until = _end(visit.form.texts.get("until", ""))
    if visit.form.texts.get("end") == "never":
        until = None
    elif until is None or until <= visit.at:
        return message_page(visit, here, problem="date", status=422)
    if here.latest and (until is None or until > here.latest):
        # The last day that may be chosen ends with the hour that policy has set.
        if until is None or until - _DAY >= here.latest:
            return message_page(visit, here, problem="too_long", status=422)
        until = here.latest
    visit.desk.opened.access.extend(here.message.id, chosen, until=until, at=visit.at, by=_BY)
    visit.desk.count.event("extended")
    return RedirectResponse(here.path, 303)


def notice(visit: Visit) -> Response:
    """Tell him when somebody first reads it, or no more."""
    here = own(visit)
    wanted = visit.form.texts.get("wanted") == "yes"
    visit.desk.opened.read_notices.want(here.message.id, wanted=wanted)
    return RedirectResponse(here.path, 303)


def _chosen(visit: Visit, here: Own) -> list[Addressee]:
    """The recipients that were ticked: only those of this message, whatever came."""
    if visit.form.texts.get("all") == "yes":
        return list(here.message.recipients)
    ticked = frozenset(visit.form.texts.get("recipient", "").split("\n"))
    return [one for one in here.message.recipients if one.address in ticked]


def _end(written: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(written), time(), UTC) + _DAY
    except (ValueError, OverflowError):
        return None
