"""Hostile HTML in a real Chromium: each wall alone, and both, hold against all of it."""

import base64
import contextlib
import html
import time
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Error, Page

from browser import Site
from postseal.body import Spool
from postseal.reading.view import view
from postseal.reading.walls import BODY_HEADERS, FRAMING, SANDBOX
from reading.mails import mail, multipart, part
from reading.vectors import OVERLAYS, Vector, vectors

VECTORS = vectors()
TOGETHER = 90
"""Vectors on one page."""

RAN = 100_000
_PLACES = "[...document.querySelectorAll('iframe')].map(frame => [frame.offsetLeft, frame.offsetTop])"
_REPARSE = """for (const frame of document.querySelectorAll('iframe'))
    try { const body = frame.contentDocument.body; body.innerHTML = body.innerHTML } catch {}"""


def naive(vector: Vector, spy: str) -> tuple[Mapping[str, str], bytes]:
    """What a careless portal would serve: the HTML as it came, cid: as data: of the declared type."""
    markup = vector.markup(spy)
    for name, declared, octets in inside(vector, spy):
        url = f"data:{declared};base64,{base64.b64encode(octets).decode()}"
        markup = markup.replace(f"cid:{name}".encode(), url.encode())
    return {"Content-Type": f"text/html; charset={vector.charset}"}, markup


def inside(vector: Vector, spy: str) -> Iterator[tuple[str, str, bytes]]:
    for name, declared, octets in vector.parts:
        yield name, declared, Vector(vector.number, vector.kind, octets).markup(spy)


def clean(vector: Vector, spy: str) -> tuple[Mapping[str, str], bytes]:
    """The document of a mail with that HTML."""
    content = part(f"text/html; charset={vector.charset}", vector.markup(spy))
    parts = [
        part(declared, octets, f"Content-ID: <{name}>") for name, declared, octets in inside(vector, spy)
    ]
    document = view(mail(multipart("related", content, *parts)), Spool()).document
    return {"Content-Type": "text/html; charset=utf-8"}, bytes(document)


def walled(page: tuple[Mapping[str, str], bytes]) -> tuple[Mapping[str, str], bytes]:
    """The same *page* with the headers; a naive one keeps its charset."""
    return {**BODY_HEADERS, "Content-Type": page[0]["Content-Type"]}, page[1]


def fired(
    chromium: Browser,
    served: list[tuple[Vector, tuple[Mapping[str, str], bytes]]],
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
            for vector, answer in served[start : start + TOGETHER]:
                portal.pages[f"/{vector.number}"] = answer
                frames += f'<iframe width=300 height=150 src="/{vector.number}"{attribute}></iframe>'
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


@pytest.fixture
def spy() -> Iterator[Site]:
    with Site() as running:
        yield running


def test_vectors_are_many_of_every_class():
    kinds = {vector.kind for vector in VECTORS}

    assert len(VECTORS) >= 150
    assert kinds == {"script", "handler", "link", "mutation", "css", "remote", "encoding", "cid"}


@pytest.mark.slow
def test_without_walls_they_fire(chromium: Browser, spy: Site):
    served = [(vector, naive(vector, spy.host)) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=False, spy=spy)

    alive = {vector.number for vector in VECTORS if not vector.dead}
    wrong = numbers ^ alive
    assert [(v.dead, v.source) for v in VECTORS if v.number in wrong] == []


@pytest.mark.slow
def test_sanitiser_alone_holds(chromium: Browser, spy: Site):
    served = [(vector, clean(vector, spy.host)) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=False, spy=spy)

    assert [vector.source for vector in VECTORS if vector.number in numbers] == []


@pytest.mark.slow
def test_sandbox_alone_holds(chromium: Browser, spy: Site):
    served = [(vector, walled(naive(vector, spy.host))) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=True, spy=spy)

    assert [vector.source for vector in VECTORS if vector.number in numbers] == []


@pytest.mark.slow
def test_both_hold(chromium: Browser, spy: Site):
    served = [(vector, walled(clean(vector, spy.host))) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=True, spy=spy)

    assert [vector.source for vector in VECTORS if vector.number in numbers] == []


def covered(page: Page, around: str) -> bool:
    """Whether something of the mail lies over a button of the page that has *around* below it."""
    page.set_content(
        f'<body style="margin:0"><button id=own style="width:200px;height:80px">x</button><div>{around}</div>'
    )
    return bool(page.evaluate("document.elementFromPoint(100, 40)?.id != 'own'"))


def test_overlays_stay_where_they_are(chromium: Browser):
    page = chromium.new_page(viewport={"width": 800, "height": 600})
    raw, sanitised, framed = [], [], []
    for source in OVERLAYS:
        clean_page = bytes(view(mail(part("text/html", source)), Spool()).document).decode()
        raw += [source] * covered(page, source)
        sanitised += [source] * covered(
            page, clean_page.partition("<body>")[2].removesuffix("</body></html>")
        )
        framed += [source] * covered(
            page, f'<iframe sandbox="{SANDBOX}" srcdoc="{html.escape(source)}"></iframe>'
        )
    page.close()

    assert (raw, sanitised, framed) == (list(OVERLAYS), [], [])
