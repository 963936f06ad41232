"""Hostile HTML in a real Chromium: each wall alone, and both, hold against all of it."""

import base64
import html
import random
from collections.abc import Iterator, Mapping

import pytest
from playwright.sync_api import Browser, Page

from browser import Site
from postseal.body import Spool
from postseal.portal.header import ALWAYS
from postseal.reading.view import view
from postseal.reading.walls import BODY_HEADERS, FRAMING, SANDBOX
from reading.compositions import active, composition
from reading.firing import TOGETHER, fired
from reading.mails import mail, multipart, part
from reading.vectors import OVERLAYS, Vector, vectors

VECTORS = vectors()


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


@pytest.fixture
def spy() -> Iterator[Site]:
    with Site() as running:
        yield running


def test_vectors_are_many_of_every_class():
    kinds = {vector.kind for vector in VECTORS}

    assert len(VECTORS) >= 150
    assert kinds == {"script", "handler", "link", "mutation", "css", "remote", "encoding", "cid"}


def test_page_of_the_portal_keeps_the_frame_from_being_led_away():
    assert FRAMING in ALWAYS["Content-Security-Policy"].split("; ")


@pytest.mark.slow
def test_without_walls_they_fire(chromium: Browser, spy: Site):
    served = [(vector.number, naive(vector, spy.host)) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=False, spy=spy)

    alive = {vector.number for vector in VECTORS if not vector.dead}
    wrong = numbers ^ alive
    assert [(v.dead, v.source) for v in VECTORS if v.number in wrong] == []


@pytest.mark.slow
def test_sanitiser_alone_holds(chromium: Browser, spy: Site):
    served = [(vector.number, clean(vector, spy.host)) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=False, spy=spy)

    assert [vector.source for vector in VECTORS if vector.number in numbers] == []


@pytest.mark.slow
def test_sandbox_alone_holds(chromium: Browser, spy: Site):
    served = [(vector.number, walled(naive(vector, spy.host))) for vector in VECTORS]

    numbers = fired(chromium, served, sandboxed=True, spy=spy)

    assert [vector.source for vector in VECTORS if vector.number in numbers] == []


@pytest.mark.slow
def test_both_hold(chromium: Browser, spy: Site):
    served = [(vector.number, walled(clean(vector, spy.host))) for vector in VECTORS]

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


@pytest.mark.slow
def test_pieces_put_together_at_random_do_nothing_after_the_sanitiser(chromium: Browser):
    chance = random.Random(2026)
    texts = [composition(chance) for _ in range(2 * TOGETHER)]

    assert len(active(chromium, texts, clean=False)) > TOGETHER
    assert active(chromium, texts, clean=True) == []
