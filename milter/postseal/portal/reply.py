"""Writing a reply: the form, and what becomes of it.

Whether somebody may reply, and to whom, is decided below (`postseal.replying`), with every request anew.
Whatever goes wrong, the page comes back with the text that was typed; files have to be chosen again, as no
page may do that for anybody.
"""

import logging
import re
import secrets
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from postseal import log
from postseal.cms import field
from postseal.errors import Failure
from postseal.message import Message
from postseal.portal.choosing import choices
from postseal.portal.field import Declared, Files, Form, Text
from postseal.portal.found import Found, Gone, SignedOut, read_by
from postseal.portal.opened import message_of
from postseal.portal.origin import Verdict, judged
from postseal.portal.outgoing import Outgoing
from postseal.portal.refusal import Refused
from postseal.portal.upload import received
from postseal.portal.visit import Visit
from postseal.reading.attachment import file_name
from postseal.reading.view import view
from postseal.replying.composition import Enclosure, Quotation, answered
from postseal.replying.original import Addressees, NotAllowed, Whom, Why
from postseal.replying.replies import NONCE, Written

_log = logging.getLogger(__name__)

WHOM: Final = {"reply": Whom.AUTHOR, "reply-all": Whom.ALL}
"""Kinds of replies by their words in URLs."""
_NONCE: Final = re.compile(rf"[0-9a-f]{{{2 * NONCE}}}")
_LATER: Final = "later"
_QUOTED: Final = 64 << 10
"""Characters of the original that a reply may quote."""


class Foreign(Exception):
    """A form that did not come from a page of ours."""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What is answered, by whom, to whom."""

    here: Found
    original: Message
    to: Addressees
    outgoing: Outgoing


def form(visit: Visit) -> Response:
    """The page on which a reply is written."""
    return _page(visit, _desk(visit))


async def send(visit: Visit) -> Response:
    """Take a reply, and show that it was taken."""
    desk, obstacle = await run_in_threadpool(_tried, visit)
    refused = None
    try:
        kind = visit.request.headers.get("content-type", "")
        fields = _fields(visit, files=desk is not None)
        visit.form = await received(visit.request.stream(), kind, fields, spool=visit.desk.spool)
    except Refused as refusal:
        visit.form, refused = Form(refusal.texts), refusal
    silent = judged(visit.request.headers, visit.desk.address) is Verdict.SILENT
    if silent and not await run_in_threadpool(visit.has_token):
        raise Foreign
    return await run_in_threadpool(_answer, visit, desk, refused, obstacle)


def sent(visit: Visit) -> Response:
    """The page that says that a reply is on its way."""
    here, _ = read_by(visit)
    return visit.page("sent.html", here=here)


def ways(visit: Visit, here: Found, original: Message) -> list[str]:
    """The words of the kinds of replies that the reader may write to *here*."""
    outgoing = visit.desk.outgoing
    offered = outgoing.replies.offered(here.message, original, visit.address) if outgoing else ()
    return [word for word, whom in WHOM.items() if whom in offered]


def _desk(visit: Visit) -> _Desk:
    """Raises SignedOut, Gone, and NotAllowed."""
    here, reader = read_by(visit)
    outgoing = visit.desk.outgoing
    if outgoing is None:
        raise NotAllowed(Why.WITHHELD)
    original = message_of(visit, here, reader)
    to = outgoing.replies.recipients(here.message.id, original, visit.address, _whom(visit))
    return _Desk(here, original, to, outgoing)


def _whom(visit: Visit) -> Whom:
    return WHOM[visit.request.url.path.rpartition("/")[2]]


def _fields(visit: Visit, *, files: bool) -> Declared:
    limits = visit.desk.settings.portal.replies
    kept = Files(limits.files, limits.file, limits.together) if files else Files(0, 0, 0)
    texts = {"token": Text(100), "nonce": Text(100), "copy": Text(10), "quote": Text(10), "rights": Text(64)}
    # A line end of a browser is two octets.
    return {**texts, "text": Text(2 * limits.text), "files": kept}


def _tried(visit: Visit) -> tuple[_Desk | None, str]:
    """What `_desk` says, or in a word why it cannot: nobody's text is thrown away for that."""
    try:
        return _desk(visit), ""
    except SignedOut:
        return None, "session"
    except Gone:
        return None, Why.GONE.value
    except NotAllowed as error:
        return None, error.why.value
    except Failure as failure:
        return None, _failed(visit, failure)


def _answer(visit: Visit, desk: _Desk | None, refused: Refused | None, obstacle: str) -> Response:
    if desk is None:
        text = visit.form.texts.get("text", "")
        return visit.page("unsent.html", status=503 if obstacle == _LATER else 403, why=obstacle, text=text)
    if refused is not None:
        return _page(visit, desk, status=refused.status, refused=refused)
    try:
        return _sent(visit, desk)
    except (Failure, OSError) as error:
        return _page(visit, desk, status=503, problem=_failed(visit, error))
    except NotAllowed as error:
        return _page(visit, desk, status=403, problem=error.why.value)


def _failed(visit: Visit, error: Failure | OSError) -> str:
    cause = error.cause.value if isinstance(error, Failure) else "internal"
    visit.desk.count.failures.labels(cause).inc()
    _log.error("%s", log.line(event="reply_not_kept", cause=cause, why=error))
    return _LATER


def _page(
    visit: Visit, desk: _Desk, *, status: int = 200, refused: Refused | None = None, problem: str = ""
) -> Response:
    texts = visit.form.texts
    nonce = texts.get("nonce", "")
    return visit.page(
        "reply.html",
        status=status,
        here=desk.here,
        to=desk.to,
        whom=_whom(visit),
        subject=answered(field.text(desk.original.first("Subject") or b"")),
        nonce=nonce if _NONCE.fullmatch(nonce) else secrets.token_hex(NONCE),
        text=texts.get("text", ""),
        copy=bool(texts.get("copy")),
        quote=bool(texts.get("quote")),
        may_quote=_may_quote(desk),
        choices=choices(visit, tuple(desk.outgoing.replies.templates(visit.address).values())),
        chosen=texts.get("rights", ""),
        limits=visit.desk.settings.portal.replies,
        refused=refused,
        problem=problem,
    )


def _sent(visit: Visit, desk: _Desk) -> Response:
    texts = visit.form.texts
    nonce, text = texts.get("nonce", ""), texts.get("text", "")
    if not (text.strip() or visit.form.files) or not _NONCE.fullmatch(nonce):
        return _page(visit, desk, status=422, problem="empty")
    enclosures = tuple(
        Enclosure(file_name(file.name) or f"file-{number}", file.kind, file.body)
        for number, file in enumerate(visit.form.files, start=1)
    )
    written = Written(
        bytes.fromhex(nonce),
        _whom(visit),
        text,
        enclosures,
        _quotation(visit, desk) if texts.get("quote") and _may_quote(desk) else None,
        copy=bool(texts.get("copy")),
        template=texts.get("rights", ""),
    )
    if desk.outgoing.replies.send(desk.here.message.id, desk.original, visit.address, written):
        visit.desk.count.event("replied")
    desk.outgoing.wake()
    return RedirectResponse(f"/m/{desk.here.handle}/sent", 303)


def _may_quote(desk: _Desk) -> bool:
    """Whether copies of a reply, which others read by their own means, may have the text of the message."""
    message = desk.here.message
    return not (message.rights or message.lock or any(one.number for one in message.recipients))


def _quotation(visit: Visit, desk: _Desk) -> Quotation:
    seen = view(desk.original, visit.desk.spool)
    return Quotation(str(seen.author), seen.date, seen.plain[:_QUOTED])
