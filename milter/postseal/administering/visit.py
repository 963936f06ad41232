"""One request to the administrators' page: who it is, what he may do, and what the audit is told of it."""

import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from postseal.administering.desk import Desk, role_of
from postseal.language.language import EVERY
from postseal.portal.appearance import language_of, style_address
from postseal.portal.field import Form
from postseal.portal.origin import is_token, token
from postseal.portal.page import ROOM, rendered_of, translate
from postseal.settings.admin import Role
from postseal.store.administrators import Administrator
from postseal.store.audit import Entry, Event
from postseal.store.passcode_limits import network_of

COOKIE: Final = "__Host-postseal-admin"
_COOKIE: Final = re.compile(r"[\w-]{43}", re.ASCII)
_ROOMS: Final = (Path(__file__).parent, ROOM)


class Visit:
    """What an endpoint is given.  *form*: what a POST has brought."""

    def __init__(self, desk: Desk, request: Request) -> None:
        self.desk = desk
        self.request = request
        self.form = Form({})
        self.at = desk.clock()
        self.language = language_of(request)
        self.translate = translate(self.language)
        given = request.cookies.get(COOKIE, "")
        self._cookie = self._given = given if _COOKIE.fullmatch(given) else ""
        self._session: Administrator | None = None
        self._looked = False

    @property
    def network(self) -> str:
        """What the client's address counts for."""
        return network_of(self.request.client.host if self.request.client else "")

    @property
    def address_here(self) -> str:
        """The page as this browser knows it, `https://HOST`."""
        return f"https://{self.request.headers.get('host', '').lower()}"

    @property
    def session(self) -> Administrator | None:
        """The session of this browser, if there is one.  May raise Failure."""
        if not self._looked:
            administrators = self.desk.administrators
            self._session = administrators.of(self._cookie, at=self.at) if self._cookie else None
            self._looked = True
        return self._session

    @property
    def address(self) -> str:
        """Who has signed in, in the form to compare, or ""."""
        return self.session.address if self.session else ""

    def begun(self) -> Administrator:
        """The session of this browser, begun now if there is none.  May raise Failure."""
        if self.session is None:
            self._cookie, self._looked = self.desk.administrators.begin(at=self.at), False
        assert self.session  # noqa: S101 (it began a moment ago)
        return self.session

    def sign_in(self, address: str, how: str, groups: Iterable[str] = ()) -> None:
        """From now on this browser is that of *address*; its cookie is a new one."""
        signing = self.desk.administrators.sign_in(self._cookie, address, how, at=self.at, groups=groups)
        self._cookie, self._looked = signing, False

    def sign_out(self) -> None:
        """End the session."""
        self.desk.administrators.end(self._cookie)
        self._cookie, self._session, self._looked = "", None, True

    @property
    def token(self) -> str:
        """What the forms on this browser's pages hold."""
        if not self._cookie:
            self._cookie = secrets.token_urlsafe(32)
        return token(self._key, self._cookie)

    def has_token(self) -> bool:
        """Whether the form holds the token of this browser."""
        return is_token(self._key, self._given, self.form.texts.get("token", ""))

    def signed(self, response: Response) -> Response:
        """*response* with this browser's cookie, where it is a new one or is to be forgotten."""
        if self._cookie != self._given:
            life = None if self._cookie else 0
            response.set_cookie(
                COOKIE, self._cookie, life, path="/", secure=True, httponly=True, samesite="lax"
            )
        return response

    @property
    def role(self) -> Role | None:
        """What who has signed in may do, as the settings say now; None for nothing.  May raise Failure."""
        if self.session is None or not self.address:
            return None
        return role_of(self.desk.settings.admin.people, self.address, self.session.groups)

    @property
    def fresh(self) -> bool:
        """Whether he has signed in a short time ago."""
        since = self.session.since if self.session and self.address else None
        return since is not None and (self.at - since).total_seconds() < self.desk.settings.admin.fresh

    def tell(self, what: str, message: bytes | None = None, *, event: Event = Event.ADMINISTERED) -> None:
        """Tell the audit that he does *what*, before he does it.  Raises Failure if it cannot be told."""
        number = self.session.id.hex()[:8] if self.session else ""
        detail = " ".join(filter(None, (f"session={number}" if number else "", what)))
        self.desk.opened.audit.add([Entry(event, message, self.address, detail)], at=self.at)

    def page(self, template: str, *, status: int = 200, **facts: object) -> Response:
        """The answer with the page of *template*, and the ways that its reader may go."""
        return self._rendered(template, status, facts | {"who": self.address, "role": self.role})

    def bare_page(self, template: str, *, status: int, **facts: object) -> Response:
        """The same where nothing may be asked of the store."""
        return self._rendered(template, status, facts | {"who": "", "role": None})

    def _rendered(self, template: str, status: int, facts: dict[str, object]) -> Response:
        branding, host = self.desk.branding, self.address_here.partition("://")[2]
        facts |= {"visit": self, "brand": branding, "name": branding.name or host, "languages": EVERY}
        facts |= {"colors": style_address(branding), "roles": Role}
        return HTMLResponse(rendered_of(_ROOMS, template, self.language, facts), status)

    @property
    def _key(self) -> bytes:
        return self.desk.opened.secret.derive("form")
