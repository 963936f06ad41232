"""One request: the browser it comes from, who has signed in there, and in which language he reads.

The cookie is a random word.  Somebody who only looks has one that the store does not know, so looking
leaves nothing there; the session begins when a passcode is asked for.
"""

import base64
import hashlib
import hmac
import re
import secrets
from enum import Enum
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from postseal.branding.branding import Branding
from postseal.language.language import EVERY
from postseal.portal.appearance import language_of, style_address
from postseal.portal.desk import Desk
from postseal.portal.field import Form
from postseal.portal.origin import is_token, token
from postseal.portal.page import rendered, translate
from postseal.store.passcode_limits import network_of
from postseal.store.senders import SENDERS
from postseal.store.sessions import Session, session_id

COOKIE: Final = "__Host-postseal"
SENDERS_COOKIE: Final = "__Host-postseal-sender"
_COOKIE: Final = re.compile(r"[\w-]{43}", re.ASCII)


class Side(Enum):
    """For whom a page is: each has a cookie of its own, and sessions that are worth nothing to the other."""

    READERS = COOKIE
    SENDERS = SENDERS_COOKIE


class Visit:
    """What an endpoint is given.  *form*: what a POST has brought."""

    def __init__(self, desk: Desk, request: Request, side: Side = Side.READERS) -> None:
        self.desk = desk
        self.side = side
        self.request = request
        self.form = Form({})
        self.at = desk.clock()
        self.language = language_of(request)
        self.translate = translate(self.language)
        given = request.cookies.get(side.value, "")
        self._cookie = self._given = given if _COOKIE.fullmatch(given) else ""
        self._session: Session | None = None
        self._looked = False

    @property
    def network(self) -> str:
        """What the client's address counts for."""
        return network_of(self.request.client.host if self.request.client else "")

    @property
    def session(self) -> Session | None:
        """The session of this browser, if there is one.  May raise Failure."""
        if not self._looked:
            found = self.desk.sessions.of(self._cookie, at=self.at) if self._cookie else None
            # A cookie may be put under the other's name; its session knows what it was begun for.
            ours = found and (not found.address or (found.message == SENDERS) is (self.side is Side.SENDERS))
            self._session = found if ours else None
            self._looked = True
        return self._session

    @property
    def address(self) -> str:
        """Who has signed in, in the form to compare, or ""."""
        return self.session.address if self.session else ""

    @property
    def address_here(self) -> str:
        """The portal as this browser knows it, `https://HOST`."""
        return f"https://{self.request.headers.get('host', '').lower()}"

    @property
    def branding(self) -> Branding:
        """That of the message, or of the host if there is no message."""
        word = self.request.scope.get("postseal.branding")
        return self.desk.branding_at(self.address_here) if word is None else self.desk.shelf.find(str(word))

    def is_about(self, branding: str) -> None:
        """From now on the page is about a message that was sealed with the *branding* of that word."""
        self.request.scope["postseal.branding"] = branding

    def begun(self) -> Session:
        """The session of this browser, begun now if there is none.  May raise Failure."""
        if self.session is None:
            self._become(self.desk.sessions.begin(at=self.at))
        assert self.session  # noqa: S101 (it began a moment ago)
        return self.session

    def unbegun(self) -> None:
        """Forget a session that was begun for nothing; the browser's cookie stays as it is."""
        self.desk.sessions.end(self._cookie)
        self._session, self._looked = None, True

    def sign_in(self, address: str, how: str, message: bytes) -> None:
        """From now on this browser may read the mail of *address*, who has come for this *message*.

        Its cookie is a new one.
        """
        self._become(self.desk.sessions.sign_in(self._cookie, address, how, at=self.at, message=message))

    def heir(self, address: str, message: bytes) -> str:
        """The cookie that follows this browser's when *address* signs in for *message*.

        It is the same each time, so that a form that comes twice makes one session.
        """
        parts = ("postseal v1 session", self._given, address, message.hex())
        key = self.desk.opened.secret.derive("session")
        code = hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(code).decode("ascii").rstrip("=")

    def inherit(self, cookie: str) -> bool:
        """From now on this browser has the session of *cookie*, if there is one; whether there is."""
        there = self.desk.sessions.of(cookie, at=self.at) is not None
        if there:
            self._become(cookie)
        return there

    def sign_out(self) -> None:
        """Forget the cookie, and end the session.  May raise Failure; then that ends by itself."""
        cookie, self._cookie, self._session, self._looked = self._cookie, "", None, True
        self.desk.sessions.end(cookie)

    @property
    def given(self) -> bytes:
        """The id of the session of the cookie that came with the request, whether or not there is one."""
        return session_id(self._given)

    @property
    def token(self) -> str:
        """What the forms on this browser's pages hold."""
        if not self._cookie:
            self._cookie = secrets.token_urlsafe(32)
        return token(self._key, self._cookie)

    @property
    def browser(self) -> bytes:
        """The id of the session of this browser's cookie, whether or not there is one, or will be."""
        if not self._cookie:
            self._cookie = secrets.token_urlsafe(32)
        return session_id(self._cookie)

    def has_token(self) -> bool:
        """Whether the form holds the token of this browser."""
        return is_token(self._key, self._given, self.form.texts.get("token", ""))

    def page(self, template: str, *, status: int = 200, **facts: object) -> Response:
        """The answer with the page of *template*."""
        branding, portal = self.branding, self.address_here.partition("://")[2]
        facts |= {"visit": self, "brand": branding, "help": self.desk.settings.portal.help}
        facts |= {"portal": portal, "name": branding.name or portal, "colors": style_address(branding)}
        facts |= {"languages": EVERY}
        return HTMLResponse(rendered(template, self.language, **facts), status)

    def signed(self, response: Response) -> Response:
        """*response* with this browser's cookie, where it is a new one or is to be forgotten."""
        if self._cookie == self._given:
            return response
        life = None if self._cookie else 0
        name = self.side.value
        response.set_cookie(name, self._cookie, life, path="/", secure=True, httponly=True, samesite="lax")
        return response

    def _become(self, cookie: str) -> None:
        self._cookie, self._looked = cookie, False

    @property
    def _key(self) -> bytes:
        return self.desk.opened.secret.derive("form")
