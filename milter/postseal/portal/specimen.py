"""What recipients see with one branding, without a portal that runs: pages as files that need nothing else.

The mail and `message.html` are made by the method itself, the pages by the application, with a store of
their own that is gone afterwards.  Nobody is written to, and nothing of the real store is read.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from starlette.types import Message as Event

from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.branding.shelf import Shelf
from postseal.envelope import Client, Envelope, Recipient
from postseal.language.language import Language
from postseal.message import Header, Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.portal.app import app
from postseal.portal.appearance import COOKIE as LANGUAGE
from postseal.portal.count import Count
from postseal.portal.desk import Desk
from postseal.portal.door import Door
from postseal.portal.post import Post
from postseal.portal.visit import Side
from postseal.sealed.master import LocalKeys
from postseal.settings.settings import Settings
from postseal.settings.sign_in import PASSCODE
from postseal.store.migrate import migrate
from postseal.store.passcodes import Issued
from postseal.store.ring import Ring
from postseal.store.senders import SENDERS
from postseal.treatment import Treatment

_PORTAL: Final = "https://portal.example"
_SENDER: Final = "ann@example.com"
_READER: Final = "bob@mail.example"
_BOUNDARY: Final = "specimen"
_TEXT: Final = f"""\
--{_BOUNDARY}\r
Content-Type: text/plain; charset=utf-8\r
\r
Dear Bob,\r
\r
the numbers for the board are attached. Please do not pass them on before Friday.\r
\r
Kind regards,\r
Ann\r
--{_BOUNDARY}\r
Content-Type: application/pdf\r
Content-Disposition: attachment; filename="numbers.pdf"\r
\r
{"%PDF-1.7" + " " * 80000}\r
--{_BOUNDARY}--\r
"""


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    octets: bytes

    @property
    def text(self) -> str:
        return self.octets.decode()


def specimens(
    settings: Settings, folder: Path, branding: Branding, language: Language, *, at: datetime
) -> Iterator[tuple[str, str]]:
    """The name and HTML of the mail, of `message.html` and of each page, with *branding*.

    *folder*: of the brandings.  *language*: of the pages; the mail has the branding's own.
    """
    with TemporaryDirectory() as place:
        own = replace(
            settings,
            accepted_domains=(*settings.accepted_domains, _SENDER.partition("@")[2]),
            store=f"sqlite:///{place}/store/store.sqlite",
            ome=replace(settings.ome, portal=settings.ome.portal or _PORTAL),
        )
        migrate(own.store)
        ring = Ring(own.store, timeout=30, keys=LocalKeys({"specimen": bytes(32)}, "specimen"))
        with closing(ring.open().store):
            desk = Desk(
                own,
                ring,
                Spool(),
                Post("localhost", 25, timeout=1, name="localhost", count=Count()),
                Count(),
                lambda: at,
                Shelf(folder),
            )
            yield from _specimens(desk, branding, language)


def _specimens(desk: Desk, branding: Branding, language: Language) -> Iterator[tuple[str, str]]:
    at, ring = desk.clock(), desk.opened
    mail = _mail(desk, branding)
    html = mail.get_body(("html",))
    page = next(part for part in mail.walk() if part.get_filename() == "message.html")
    assert html is not None  # noqa: S101 (the method writes one)
    logo = branding.logo.url if branding.logo else ""
    yield "mail", re.sub(r"cid:[\w@.-]+", logo, html.get_content())
    yield "message", page.get_content()
    address = branding.portal or desk.address
    link = re.search(re.escape(address) + r"(/m/([0-9a-f]{32}))", html.get_content())
    assert link is not None  # noqa: S101
    browser = _Browser(app(desk), address, language)
    yield "address", browser.page(link[1])
    waiting = desk.sessions.begin(at=at)
    session = desk.sessions.of(waiting, at=at)
    assert session is not None  # noqa: S101
    message = bytes.fromhex(link[2])
    issued = ring.passcodes.request(session.id, message, _READER, network="", known=True, at=at)
    assert isinstance(issued, Issued)  # noqa: S101
    yield "code", browser.page(link[1], waiting)
    reading = desk.sessions.sign_in(waiting, _READER, next(iter(branding.sign_in), PASSCODE), at=at)
    yield "read", browser.page(link[1], reading)
    yield "help", browser.page("/help")
    if senders := desk.settings.portal.senders:
        how = next(iter(senders.sign_in), PASSCODE)
        sender = desk.sessions.sign_in("", _SENDER, how, at=at, message=SENDERS)
        yield "sent", browser.page(f"/sent/{link[2]}", sender)
    ring.access.revoke(message, at=at)
    yield "gone", browser.page(link[1], reading)


def _mail(desk: Desk, branding: Branding) -> EmailMessage:
    fields = [
        ("Date", "Fri, 27 Nov 2026 10:15:00 +0100"),
        ("From", f"Ann Example <{_SENDER}>"),
        ("To", _READER),
        ("Subject", "Numbers for the board"),
        ("Message-ID", "<specimen@example.com>"),
        ("Content-Type", f"multipart/mixed; boundary={_BOUNDARY}"),
    ]
    message = Message(tuple(Header.of(*each) for each in fields), Body.of(_TEXT.encode()))
    who = (Recipient(_READER),)
    treatment = Treatment(branding=branding.word, lifetime=timedelta(days=30).total_seconds())
    method = OmeMethod(desk.settings.ome, desk.ring, Spool(), clock=desk.clock, brandings=desk.shelf)
    order = Order(message, Envelope(_SENDER, who, Client()), treatment)
    parsed = message_from_bytes(
        b"".join(method.protect(message, who, order=order).pieces()), policy=policy.default
    )
    assert isinstance(parsed, EmailMessage)  # noqa: S101
    return parsed


class _Browser:
    """Asks the application, without any network, and puts what a page refers to into the page."""

    def __init__(self, inner: Door, address: str, language: Language) -> None:
        self._inner = inner
        self._host = address.partition("://")[2]
        self._language = language

    def page(self, path: str, cookie: str = "") -> str:
        """The page at *path*, for the browser with this *cookie*."""

        def styled(found: re.Match[str]) -> str:
            return f"<style>{self._get(found[1], cookie).text}</style>"

        def framed(found: re.Match[str]) -> str:
            return f'srcdoc="{escape(self._get(found[1], cookie).text)}"'

        html = self._get(path, cookie).text
        html = re.sub(r'<link rel="stylesheet" href="([^"]+)">', styled, html)
        html = re.sub(r'<(?:link rel="icon"|script)[^>]*>(?:</script>)?\n?', "", html)
        return re.sub(r'(?<=<iframe class="body" )src="([^"]+)"', framed, html)

    def _get(self, target: str, cookie: str) -> _Answer:
        return asyncio.run(self._asked(target, cookie))

    async def _asked(self, target: str, cookie: str) -> _Answer:
        path, _, query = target.partition("?")
        named = "".join(f"; {side.value}={cookie}" for side in Side if cookie)
        cookies = f"{LANGUAGE}={self._language.value}{named}"
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "client": ("127.0.0.1", 1),
            "server": (self._host, 443),
            "headers": [(b"host", self._host.encode()), (b"cookie", cookies.encode())],
        }
        events: list[Event] = []
        asked: list[str] = []

        async def receive() -> Event:
            if asked:  # nobody hangs up
                await asyncio.Event().wait()
            asked.append(path)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(event: Event) -> None:
            events.append(event)

        await self._inner(scope, receive, send)
        start = events[0]
        body = b"".join(event.get("body", b"") for event in events[1:])
        return _Answer(start["status"], body)
