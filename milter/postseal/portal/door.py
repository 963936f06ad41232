"""The front door: host name, header fields, counting, and the one place where everything ends up.

Nothing of a request is logged but the template of its route: handles and addresses stay out of it.
"""

import time
from typing import Final, Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from postseal.portal.header import ALWAYS

_METHODS: Final = frozenset({"GET", "HEAD", "POST"})
_KEPT: Final = "public, max-age=31536000, immutable"


class Front(Protocol):
    """What stands behind the door."""

    @property
    def addresses(self) -> frozenset[str]:
        """Those at which it answers, `https://HOST`."""
        ...

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Note an answer."""
        ...


class Door:
    """Every request to *inner* goes through here."""

    def __init__(self, inner: ASGIApp, desk: Front) -> None:
        self._inner = inner
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        since = time.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                fields = MutableHeaders(scope=message)
                if scope["path"].startswith("/static/") and status == 200:
                    fields.setdefault("Cache-Control", _KEPT)
                for name, value in ALWAYS.items():
                    fields.setdefault(name, value)
            await send(message)

        try:
            # Names of others that point here must not get pages of ours, nor our cookies.
            if f"https://{Headers(scope=scope).get('host', '').lower()}" in self._desk.addresses:
                await self._inner(scope, receive, sending)
            else:
                await PlainTextResponse("This is not the address of the portal.\n", 421)(
                    scope, receive, sending
                )
        except Exception:  # noqa: BLE001 (it was told and counted where its page was made; its text is nobody's)
            if not status:
                await PlainTextResponse("Please try again later.\n", 500)(scope, receive, sending)
        finally:
            self._count(scope, status, time.monotonic() - since)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        static = scope["path"].startswith("/static/")
        route = scope.get("postseal.route", "/static" if static else "(none)")
        method = scope["method"] if scope["method"] in _METHODS else "(other)"
        self._desk.answered(route, method, status, seconds)
