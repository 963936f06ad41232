"""Has a Chromium show pages in frames, clicks on each, has them parsed again, and tells which did anything.

What a page does, it does with its number: it writes it on the console, or asks a counting server for it.
"""

import contextlib
import time
from collections.abc import Mapping

from playwright.sync_api import Browser, Error, Page

from browser import Site
from postseal.reading.walls import FRAMING, SANDBOX

TOGETHER = 90
"""Vectors on one page."""

RAN = 100_000
_PLACES = "[...document.querySelectorAll('iframe')].map(frame => [frame.offsetLeft, frame.offsetTop])"
_REPARSE = """for (const frame of document.querySelectorAll('iframe'))
    try { const body = frame.contentDocument.body; body.innerHTML = body.innerHTML } catch {}"""


def fired(
    chromium: Browser,
    served: list[tuple[int, tuple[Mapping[str, str], bytes]]],
    *,
    sandboxed: bool,
    spy: Site,
) -> set[int]:
    """The numbers of those that ran or asked for anything: loaded, clicked, and parsed once more."""
    ran: set[int] = set()
    with (
        Site() as portal,
        contextlib.closing(chromium.new_context(viewport={"width": 1300, "height": 3600})) as context,
    ):
        context.on("console", lambda message: ran.add(int(message.text)) if message.text.isdigit() else None)
        attribute = f' sandbox="{SANDBOX}"' if sandboxed else ""
        headers = {"Content-Type": "text/html"} | ({"Content-Security-Policy": FRAMING} if sandboxed else {})
        page = context.new_page()
        for start in range(0, len(served), TOGETHER):
            frames = ""
            for number, answer in served[start : start + TOGETHER]:
                portal.pages[f"/{number}"] = answer
                frames += f'<iframe width=300 height=150 src="/{number}"{attribute}></iframe>'
            portal.pages["/"] = (headers, f"<body style=margin:0>{frames}".encode())
            page.goto(portal.url("/"))
            for x, y in page.evaluate(_PLACES):
                page.mouse.click(x + 100, y + 60)
            page.evaluate(_REPARSE)
            settled(page, ran, spy)
        asked = {int(path[3:9]) for path in spy.asked if path.startswith("/r/")}
        return {number for number in ran | asked if number > RAN}


def settled(page: Page, ran: set[int], spy: Site) -> None:
    """Wait until nothing has happened for a while."""
    before, since = (-1, -1), time.monotonic()
    while time.monotonic() - since < 0.6:
        now = (len(ran), len(spy.asked))
        if now != before:
            before, since = now, time.monotonic()
        with contextlib.suppress(Error):
            page.wait_for_timeout(50)
