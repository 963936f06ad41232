"""Sealed messages: find them, see who may read them, revoke, undo that, extend; never what is in them."""

import base64
import re
from datetime import datetime, timedelta
from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.administering import day
from postseal.administering.pages import message_id
from postseal.administering.visit import Visit
from postseal.administering.way import Missing
from postseal.envelope import domain_key, key
from postseal.portal.field import Text
from postseal.portal.refusal import Reason, Refused
from postseal.store.overview import Mark, Overview, Page
from postseal.store.registry import Registry, Search
from postseal.store.sealed import SealedMessage, scrub

SEARCH: Final = {
    "sender": Text(),
    "recipient": Text(),
    "name": Text(),
    "since": Text(10),
    "until": Text(10),
    "after": Text(100),
}
WHOM: Final = {"recipient": Text()}
UNTIL: Final = {**WHOM, "until": Text(10)}

_LONGEST_ID: Final = 512
_PREFIX: Final = re.compile("[0-9a-f]{6,32}")


def found(visit: Visit) -> Response:
    """What meets a search, the newest first, some at a time."""
    asked = {name: visit.request.query_params.get(name, "").strip() for name in SEARCH}
    name, page = asked["name"], Page((), None)
    opened = visit.desk.opened
    overview = Overview(opened.store, opened.messages)
    if _PREFIX.fullmatch(name):
        alike = Registry(opened.store, opened.audit, opened.messages).alike(name)
        page = Page(overview.some([message.id for message in alike]), None)
    else:
        search = Search(
            f"<{name.strip('<>')}>"[:_LONGEST_ID] if name else "",
            _address(asked["sender"]),
            _address(asked["recipient"]),
            day.begin(asked["since"]),
            day.end(asked["until"]),
        )
        page = overview.page(search, after=_mark(asked["after"]))
    older = {**asked, "after": _written(page.after)} if page.after else None
    with_readers = [
        (listed, sum(one.readable(visit.at) for one in listed.message.recipients)) for listed in page.messages
    ]
    return visit.page("messages.html", asked=asked, found=with_readers, older=older)


def show(visit: Visit) -> Response:
    """One message: its recipients, what they may, what they did."""
    message = _message(visit)
    opened = visit.desk.opened
    (listed,) = Overview(opened.store, opened.messages).some([message.id])
    rows = opened.audit.of(message.id)
    keep = visit.desk.settings.ome.undo_revoke
    came = {branch.address: branch for branch in opened.branches.of(message.id)}
    facts = {"listed": listed, "came": came, "rows": rows, "keep": timedelta(seconds=keep)}
    return visit.page("message.html", status=200, **facts)


def revoke(visit: Visit) -> Response:
    """Let one recipient, or all, read the message no more."""
    message, whom = _message(visit), _whom(visit)
    keep = timedelta(seconds=visit.desk.settings.ome.undo_revoke)
    access = visit.desk.opened.access
    access.revoke(message.id, whom, at=visit.at, undo=visit.at + keep if keep else None, by=_by(visit))
    if not keep:
        scrub(visit.desk.opened.store)
    return _back(message)


def restore(visit: Visit) -> Response:
    """Undo that."""
    message, whom = _message(visit), _whom(visit)
    visit.desk.opened.access.restore(message.id, whom, at=visit.at, by=_by(visit))
    return _back(message)


def extend(visit: Visit) -> Response:
    """Set until when one recipient, or all, can read the message."""
    message, whom = _message(visit), _whom(visit)
    until = day.end(visit.form.texts.get("until", ""))
    if until is None or until <= visit.at:
        raise Refused(Reason.MALFORMED)
    visit.desk.opened.access.extend(message.id, whom, until=until, at=visit.at, by=_by(visit))
    return _back(message)


def _message(visit: Visit) -> SealedMessage:
    message = visit.desk.opened.messages.of(message_id(str(visit.request.path_params["message"])))
    if message is None:
        raise Missing
    return message


def _whom(visit: Visit) -> tuple[str, ...]:
    """The recipient of the form; none for all."""
    written = visit.form.texts.get("recipient", "").strip()
    return (key(written),) if written else ()


def _by(visit: Visit) -> str:
    return f"by {visit.address}, an administrator"


def _back(message: SealedMessage) -> Response:
    return RedirectResponse(f"/messages/{message.id.hex()}", 303)


def _address(written: str) -> str:
    written = written.strip("<>")
    return f"@{domain_key(written[1:])}" if written.startswith("@") else key(written)


def _written(mark: Mark) -> str:
    return base64.urlsafe_b64encode(f"{mark.since.isoformat()} {mark.id.hex()}".encode()).decode()


def _mark(written: str) -> Mark | None:
    if not written:
        return None
    try:
        since, id_ = base64.urlsafe_b64decode(written).decode().split()
        return Mark(datetime.fromisoformat(since), bytes.fromhex(id_))
    except ValueError:
        raise Refused(Reason.MALFORMED) from None
