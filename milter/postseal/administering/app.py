"""The administrators' page as an ASGI application: its routes, and what holds for every request.

What somebody may do stands in one table, and is checked in one place, before anything of a request is read.
What he does is in the audit before it is done; where that cannot be told, it is not done.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from postseal import log
from postseal.administering import audit, brandings, keys, messages, pages, passkey, people, replies, sign_in
from postseal.administering.desk import Desk
from postseal.administering.visit import Visit
from postseal.administering.way import Missing, NotAllowed, SignedOut, Stale, Way
from postseal.body import Spool
from postseal.errors import Failure
from postseal.portal.door import Door
from postseal.portal.field import Text
from postseal.portal.origin import Verdict, judged
from postseal.portal.page import STATIC
from postseal.portal.refusal import Refused
from postseal.portal.reply import Foreign
from postseal.portal.upload import received
from postseal.settings.admin import Role
from postseal.store.audit import Event

_log = logging.getLogger(__name__)

AUDITOR, SUPPORT, ADMIN = Role.AUDITOR, Role.SUPPORT, Role.ADMIN

WAYS: Final = (
    Way("/", "GET", pages.home, None),
    Way("/robots.txt", "GET", pages.robots, None),
    Way("/branding/{word}.css", "GET", pages.colors, None),
    Way("/language", "POST", pages.speak, None, fields={"language": Text(10)}, foreign=True),
    Way("/sign-in", "GET", sign_in.ways, None),
    Way("/sign-in/{provider}", "POST", sign_in.leave, None),
    Way("/account/{provider}", "GET", sign_in.arrive, None),
    Way("/enter/{word}", "GET", sign_in.doorstep, None),
    Way("/enter/{word}", "POST", sign_in.enter, None),
    Way("/passkey", "POST", passkey.ask, None),
    Way("/passkey/answer", "POST", passkey.answer, None, fields=passkey.CREDENTIAL),
    Way("/passkeys", "GET", passkey.own, AUDITOR),
    Way("/passkeys/make", "POST", passkey.make, AUDITOR),
    Way("/passkeys/add", "POST", passkey.add, AUDITOR, fields=passkey.CREDENTIAL),
    Way("/passkeys/remove", "POST", passkey.remove, AUDITOR, "remove a passkey", passkey.WHICH),
    Way("/out", "POST", sign_in.sign_out, None),
    Way("/messages", "GET", messages.found, AUDITOR, "search", messages.SEARCH),
    Way("/messages/{message}", "GET", messages.show, AUDITOR, "look at a message"),
    Way("/messages/{message}/revoke", "POST", messages.revoke, SUPPORT, "revoke", messages.WHOM),
    Way("/messages/{message}/restore", "POST", messages.restore, SUPPORT, "undo revoking", messages.WHOM),
    Way("/messages/{message}/extend", "POST", messages.extend, SUPPORT, "extend", messages.UNTIL),
    Way("/people", "GET", people.overview, SUPPORT, "look at sessions", people.WHO),
    Way("/people/end", "POST", people.end, SUPPORT, "end sessions", people.WHO),
    Way("/audit", "GET", audit.overview, AUDITOR),
    Way("/audit/check", "GET", audit.check, AUDITOR, "check the audit"),
    Way("/audit/export", "GET", audit.export, AUDITOR, "export the audit", audit.WANTED),
    Way("/keys", "GET", keys.overview, ADMIN, "look at keys"),
    Way("/brandings", "GET", brandings.overview, ADMIN),
    Way("/brandings/{word}", "GET", brandings.preview, ADMIN),
    Way("/brandings/{word}/{page}", "GET", brandings.specimen, ADMIN),
    Way("/replies", "GET", replies.overview, ADMIN, "look at replies"),
    Way("/replies/retry", "POST", replies.retry, ADMIN, "try replies again", replies.WHICH),
)


def app(desk: Desk) -> Door:
    """The application for *desk*."""
    routes: list[Route | Mount] = [
        Route(way.path, _served(desk, way), methods=[way.method], name=f"{way.method} {way.path}")
        for way in WAYS
    ]
    static = StaticFiles(directory=STATIC, packages=[("postseal.administering", "static")])
    routes.append(Mount("/static", static))
    failed = _failed(desk)
    kinds = (SignedOut, Stale, NotAllowed, Missing, Refused, Foreign, Failure, HTTPException, Exception)
    return Door(Starlette(routes=routes, exception_handlers=dict.fromkeys(kinds, failed)), desk)


def _served(desk: Desk, way: Way) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        request.scope["postseal.route"] = way.path
        visit = Visit(desk, request)
        posted = way.method == "POST"
        verdict = judged(request.headers, visit.address_here) if posted and not way.foreign else Verdict.OURS
        if verdict is Verdict.FOREIGN:
            raise Foreign
        await run_in_threadpool(_admit, visit, way)
        if posted:
            fields = {"token": Text(100), **way.fields}
            kind = request.headers.get("content-type", "")
            visit.form = await received(request.stream(), kind, fields, spool=Spool())
        silent = verdict is Verdict.SILENT
        return visit.signed(await run_in_threadpool(_done, visit, way, silent=silent))

    return serve


def _admit(visit: Visit, way: Way) -> None:
    """Let nobody further who may not go this *way*."""
    if way.needs is None:
        return
    if not visit.address:
        raise SignedOut
    role = visit.role
    if role is None or not role.includes(way.needs):
        visit.tell(f"refused: {way.act or way.path} is for {way.needs}", event=Event.FAILED)
        raise NotAllowed
    if way.method == "POST" and not visit.fresh:
        raise Stale


def _done(visit: Visit, way: Way, *, silent: bool) -> Response:
    if silent and not visit.has_token():
        raise Foreign
    if way.act:
        given = visit.form.texts if way.method == "POST" else visit.request.query_params
        asked = log.line(**{name: given.get(name, "") for name in way.fields})
        message = visit.request.path_params.get("message", "")
        visit.tell(f"{way.act} {asked}".strip(), pages.message_id(message) if message else None)
    return way.endpoint(visit)


def _failed(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def fail(request: Request, error: Exception) -> Response:
        return await run_in_threadpool(_page, Visit(desk, request), error)

    return fail


def _page(visit: Visit, error: Exception) -> Response:
    """The page that tells of *error*."""
    if isinstance(error, SignedOut | Stale):
        if isinstance(error, SignedOut) and visit.request.method != "POST":
            return RedirectResponse("/sign-in", 303)
        return sign_in.page(visit, problem="stale" if isinstance(error, Stale) else "out", status=403)
    kind, status = _told(error)
    if kind == "later":
        return visit.bare_page("error.html", status=status, kind=kind)
    response = visit.page("error.html", status=status, kind=kind)
    if isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


def _told(error: Exception) -> tuple[str, int]:
    """The word and the status of *error*; the log is told of what was not the visitor's fault."""
    if isinstance(error, Failure):
        _log.error("%s", log.line(event="request_failed", cause=error.cause.value, why=error.detail))
        return "later", 503
    if isinstance(error, NotAllowed | Foreign):
        return ("role" if isinstance(error, NotAllowed) else "foreign"), 403
    if isinstance(error, Refused):
        return "form", error.status
    if isinstance(error, Missing | HTTPException):
        return "missing", error.status_code if isinstance(error, HTTPException) else 404
    _log.error("%s", log.line(event="admin_fault", trace=log.trace(error)))
    return "later", 500
