"""The portal as an ASGI application: its routes, and what holds for every request.

A GET changes nothing but what was read, or ends what a POST began at a provider.  A POST is taken only from
a page of ours; `/o` alone is for a file on somebody's disk, and has no effect that matters.  What an endpoint
raises becomes a page that says what to do next; the log gets the place, never the text.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from postseal import log
from postseal.errors import Failure
from postseal.portal import (
    account,
    forward,
    landing,
    lock,
    offline,
    oversight,
    passkey,
    plain_pages,
    reading_room,
    reply,
    restricted,
    sender_acts,
    sender_pages,
    sender_sign_in,
    signing_in,
)
from postseal.portal.desk import Desk
from postseal.portal.door import Door
from postseal.portal.field import Text
from postseal.portal.found import Gone, SignedOut
from postseal.portal.origin import Verdict, judged
from postseal.portal.page import STATIC
from postseal.portal.refusal import Refused
from postseal.portal.reply import Foreign
from postseal.portal.restricted import Withheld
from postseal.portal.sender import NoSender
from postseal.portal.upload import received
from postseal.portal.visit import Side, Visit
from postseal.replying.forwards import NOTE
from postseal.replying.original import NotAllowed

_log = logging.getLogger(__name__)

Endpoint = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]
"""One that is a coroutine is given an unread request, and reads it itself."""


@dataclass(frozen=True, slots=True)
class Way:
    """A route.  *fields*: the texts of a form, beside the token.  *foreign*: others may post here.

    *side*: for whom it is.
    """

    path: str
    method: str
    endpoint: Endpoint
    fields: Mapping[str, Text] = field(default_factory=dict)
    foreign: bool = False
    side: Side = Side.READERS


CREDENTIAL = {"state": Text(100), "credential": Text(20_000)}
"""What a device has answered."""
FORWARD = {"to": Text(8000), "note": Text(8 * NOTE), "nonce": Text(100)}

WHOM = sender_acts.FIELDS
SENDERS_WAYS = (
    Way("/sent", "GET", sender_pages.every),
    Way("/sent/address", "GET", sender_sign_in.ask_address),
    Way("/sent/address", "POST", sender_sign_in.send_code, {"address": Text()}),
    Way("/sent/code", "POST", sender_sign_in.read_code, {"code": Text(100)}),
    Way("/sent/account", "GET", sender_sign_in.failed),
    Way("/sent/account/{provider}", "POST", sender_sign_in.leave),
    Way("/sent/out", "POST", signing_in.sign_out),
    Way("/sent/{id}", "GET", sender_pages.one),
    Way("/sent/{id}/revoke", "POST", sender_acts.revoke, {**WHOM, "sure": Text(10)}),
    Way("/sent/{id}/restore", "POST", sender_acts.restore, WHOM),
    Way("/sent/{id}/extend", "POST", sender_acts.extend, WHOM),
    Way("/sent/{id}/notice", "POST", sender_acts.notice, {"wanted": Text(10)}),
)
"""Those of the page of senders."""

WAYS = (
    Way("/", "GET", plain_pages.home),
    Way("/help", "GET", plain_pages.genuine),
    Way("/robots.txt", "GET", plain_pages.robots),
    Way("/branding/{word}.css", "GET", plain_pages.colors),
    Way("/language", "POST", plain_pages.speak, {"language": Text(10)}, foreign=True),
    Way("/o", "POST", landing.post, foreign=True),
    Way("/m/{handle}", "GET", reading_room.message),
    Way("/m/{handle}/address", "GET", signing_in.ask_address),
    Way("/m/{handle}/address", "POST", signing_in.send_code, {"address": Text()}),
    Way("/m/{handle}/code", "POST", signing_in.read_code, {"code": Text(100)}),
    Way("/m/{handle}/passphrase", "POST", lock.read_passphrase, {"passphrase": Text(1000)}),
    Way("/m/{handle}/telephone", "POST", lock.send_code),
    Way("/m/{handle}/telephone/code", "POST", lock.read_code, {"code": Text(100)}),
    Way("/m/{handle}/account", "GET", account.failed),
    Way("/m/{handle}/account/{provider}", "POST", account.leave),
    Way("/m/{handle}/oversight", "GET", oversight.look),
    Way("/m/{handle}/oversight", "POST", oversight.give_reason, {"reason": Text(4 * oversight.REASON)}),
    Way("/m/{handle}/oversight/body", "GET", oversight.body),
    Way("/m/{handle}/oversight/message.eml", "GET", oversight.whole),
    Way("/m/{handle}/passkey", "POST", passkey.ask),
    Way("/m/{handle}/passkey/answer", "POST", passkey.answer, CREDENTIAL),
    Way("/m/{handle}/passkeys", "GET", passkey.own),
    Way("/m/{handle}/passkeys/make", "POST", passkey.make),
    Way("/m/{handle}/passkeys/add", "POST", passkey.add, CREDENTIAL),
    Way("/m/{handle}/passkeys/remove", "POST", passkey.remove, {"id": Text(64)}),
    Way("/account", "GET", account.lost),
    Way("/account/{provider}", "GET", sender_sign_in.arrive),
    Way("/m/{handle}/body", "GET", reading_room.body),
    Way("/m/{handle}/attachment/{number}", "GET", reading_room.attachment),
    Way("/m/{handle}/attachment/{number}/page/{page}", "GET", restricted.page),
    Way("/m/{handle}/attachment/{number}/text/{page}", "GET", restricted.words),
    Way("/m/{handle}/message.eml", "GET", reading_room.whole),
    Way("/m/{handle}/offline", "GET", offline.form),
    Way("/m/{handle}/offline", "POST", offline.take, {"passphrase": Text(), "again": Text()}),
    Way("/m/{handle}/reply", "GET", reply.form),
    Way("/m/{handle}/reply", "POST", reply.send),
    Way("/m/{handle}/reply-all", "GET", reply.form),
    Way("/m/{handle}/reply-all", "POST", reply.send),
    Way("/m/{handle}/sent", "GET", reply.sent),
    Way("/m/{handle}/forward", "GET", forward.form),
    Way("/m/{handle}/forward", "POST", forward.send, FORWARD),
    Way("/m/{handle}/forwarded", "GET", forward.sent),
    Way("/out", "POST", signing_in.sign_out),
    *(replace(way, side=Side.SENDERS) for way in SENDERS_WAYS),
)


def app(desk: Desk) -> Door:
    """The application for *desk*."""
    routes: list[Route | Mount] = [
        Route(way.path, _served(desk, way), methods=[way.method], name=f"{way.method} {way.path}")
        for way in WAYS
    ]
    routes.append(Mount("/static", StaticFiles(directory=STATIC)))
    failed = _failed(desk)
    kinds = (
        *(
            NoSender,
            Gone,
            SignedOut,
            Refused,
            NotAllowed,
            Withheld,
            Foreign,
            Failure,
            HTTPException,
            Exception,
        ),
        *(Failure, HTTPException, Exception),
    )
    return Door(Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, failed)), desk)


def _served(desk: Desk, way: Way) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        request.scope["postseal.route"] = way.path
        visit = Visit(desk, request, way.side)
        verdict = (
            Verdict.OURS
            if way.method == "GET" or way.foreign
            else judged(request.headers, visit.address_here)
        )
        if verdict is Verdict.FOREIGN:
            raise Foreign
        if inspect.iscoroutinefunction(way.endpoint):
            response = await way.endpoint(visit)
        else:
            if way.method == "POST":
                fields = {"token": Text(100), **way.fields}
                kind = request.headers.get("content-type", "")
                visit.form = await received(request.stream(), kind, fields, spool=desk.spool)
                if verdict is Verdict.SILENT and not await run_in_threadpool(visit.has_token):
                    raise Foreign
            response = await run_in_threadpool(way.endpoint, visit)
        assert isinstance(response, Response)  # noqa: S101 (for the type checker)
        return visit.signed(response)

    return serve


def _failed(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def fail(request: Request, error: Exception) -> Response:
        visit = Visit(desk, request)
        if isinstance(error, NoSender):
            return RedirectResponse("/sent", 303)
        if isinstance(error, SignedOut):
            if request.scope.get("postseal.route", "").endswith("/body"):  # it would show within the frame
                return visit.page("frame.html", status=403)
            return RedirectResponse(f"/m/{error.handle}", 303)
        return await run_in_threadpool(_page, visit, error)

    return fail


def _page(visit: Visit, error: Exception) -> Response:
    """The page that tells of *error*."""
    if isinstance(error, Gone):
        visit.desk.count.event("gone")
        return visit.page("gone.html", status=410 if error.why else 404, why=error.why)
    if isinstance(error, Refused):
        return visit.page("refused.html", status=error.status, refused=error)
    if isinstance(error, Foreign | NotAllowed | Withheld):
        kind = "foreign" if isinstance(error, Foreign) else error.why
        visit.desk.count.event(kind if kind == "foreign" else "refused")
        return visit.page("error.html", status=403, kind=kind)
    if isinstance(error, Failure):
        visit.desk.count.failures.labels(error.cause.value).inc()
        _log.error("%s", log.line(event="request_failed", cause=error.cause.value, why=error.detail))
        return visit.page("error.html", status=503, kind="later")
    if isinstance(error, HTTPException):
        response = visit.page("error.html", status=error.status_code, kind="missing")
        response.headers.update(error.headers or {})
        return response
    visit.desk.count.failures.labels("internal").inc()
    _log.error("%s", log.line(event="portal_fault", trace=log.trace(error)))
    return visit.page("error.html", status=500, kind="later")
