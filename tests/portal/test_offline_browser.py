"""Copies that were taken along, opened in a Chromium without a network."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page

from browser import CHROMIUM, Site, browser, saved
from offline_copies import FILE, PASSPHRASE, TEXT, opened, taken
from portal_place import Place, place
from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.language.language import Language
from postseal.message import Header, Message
from postseal.portal.offline_copy import Copy, written
from postseal.reading.page import Document
from postseal.reading.view import view
from postseal.reading.walls import SANDBOX
from postseal.rights import Right

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium: contrib/install-tools installs it"),
]

DAY = 86400.0
BOUND = tuple(right for right in Right if right is not Right.VIEW)
NOW = datetime.now(UTC)
WRONG = "This passphrase does not open the message, or the file is damaged."
OVER = "The time for reading this copy is over."
EARLY = "This copy was made later than the clock of this device shows."


@dataclass(frozen=True)
class Copies:
    """Files of a *free* and a *bound* message, good for seven days, and a browser."""

    here: Place
    free: Path
    bound: Path
    chromium: Browser


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    folder = tmp_path_factory.mktemp("copies")
    with place() as here:
        files = []
        for name, withheld in (("free", ()), ("bound", BOUND)):
            path, _, visitor = opened(here, 7 * DAY, *withheld)
            files.append(folder / f"{name}.html")
            files[-1].write_bytes(taken(visitor, path).body)
        with browser() as running:
            yield Copies(here, files[0], files[1], running)


@pytest.fixture
def context(copies: Copies) -> Iterator[BrowserContext]:
    made = copies.chromium.new_context(accept_downloads=True, viewport={"width": 900, "height": 800})
    made.set_offline(True)
    yield made
    made.close()


def shown(context: BrowserContext, file: Path, passphrase: str = PASSPHRASE) -> Page:
    page = context.new_page()
    page.goto(file.as_uri())
    typed(page, passphrase)
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()
    return page


def typed(page: Page, passphrase: str) -> None:
    page.get_by_label("Passphrase").fill(passphrase)
    page.get_by_role("button", name="Read the message").press("Enter")


def printed(page: Page) -> str:
    with pypdfium2.PdfDocument(page.pdf(print_background=True)) as document:
        return "".join(one.get_textpage().get_text_range() for one in document).strip()


def test_it_opens_without_a_network(copies: Copies, context: BrowserContext) -> None:
    asked, complaints = list[str](), list[str]()
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda said: complaints.append(said.text))

    page = shown(context, copies.free)

    assert page.get_by_role("heading", name="the secret quarter").is_visible()
    saving = saved(page, page.get_by_role("link", name="box.zip").click)
    assert saving.suggested_filename == "box.zip"
    assert Path(saving.path()).read_bytes() == FILE
    assert {url.partition(":")[0] for url in asked} <= {"file", "blob", "about"}
    assert complaints == []


def test_wrong_passphrase_is_told_and_another_can_be_tried(copies: Copies, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(copies.free.as_uri())

    typed(page, "seven wild geese on fire")
    page.get_by_role("alert").get_by_text(WRONG).wait_for()
    assert TEXT not in page.content()
    typed(page, PASSPHRASE)

    page.frame_locator("iframe").get_by_text(TEXT).wait_for()


def test_changed_file_is_refused(copies: Copies, context: BrowserContext, tmp_path: Path) -> None:
    whole = copies.free.read_text()
    at = whole.index('id="sealed">') + 40
    changed = tmp_path / "changed.html"
    changed.write_text(whole[:at] + ("A" if whole[at] != "A" else "B") + whole[at + 1 :])
    page = context.new_page()
    page.goto(changed.as_uri())

    typed(page, PASSPHRASE)

    page.get_by_role("alert").get_by_text(WRONG).wait_for()
    assert page.locator("iframe").count() == 0


@pytest.mark.parametrize(
    ("at", "told"),
    [(timedelta(days=7, hours=1), OVER), (timedelta(hours=-1), EARLY)],
    ids=["after", "before"],
)
def test_it_is_refused_outside_of_its_time(
    copies: Copies, context: BrowserContext, at: timedelta, told: str
) -> None:
    page = context.new_page()
    page.clock.set_fixed_time(NOW + at)

    page.goto(copies.free.as_uri())

    page.get_by_role("alert").get_by_text(told).wait_for()
    assert page.get_by_label("Passphrase").count() == 0


def test_what_is_shown_vanishes_when_its_time_is_over(copies: Copies, context: BrowserContext) -> None:
    page = context.new_page()
    page.clock.install(time=NOW + timedelta(days=6))
    page.goto(copies.free.as_uri())
    typed(page, PASSPHRASE)
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()

    page.clock.fast_forward("26:00:00")

    page.get_by_role("alert").get_by_text(OVER).wait_for()
    assert page.locator("iframe").count() == 0
    assert page.title() == "Encrypted message"


def test_restrictions_and_mark_hold(copies: Copies, context: BrowserContext) -> None:
    bound, free = shown(context, copies.bound), shown(context, copies.free)

    assert printed(bound) == ""
    assert "the secret quarter" in printed(free)
    assert bound.evaluate("getComputedStyle(document.querySelector('h1')).userSelect") == "none"
    assert free.evaluate("getComputedStyle(document.querySelector('h1')).userSelect") == "auto"
    assert bound.get_by_role("link", name="box.zip").count() == 0
    frames = [page.locator("iframe").screenshot() for page in (bound, free)]
    marked, plain = (Image.open(io.BytesIO(each)).convert("L") for each in frames)
    greys = [sum(each.histogram()[150:245]) / (each.width * each.height) for each in (marked, plain)]
    assert greys[0] > greys[1] + 0.002


def test_nothing_is_loaded_and_no_script_runs_even_if_the_sanitiser_had_failed(
    copies: Copies, tmp_path: Path
) -> None:
    seen = view(Message((Header.of("Subject", "x"),), Body.of(b"x")), Spool())
    with Site() as site:
        away = site.url("/hit")
        hostile = (
            f"<!doctype html><html><head><meta http-equiv=refresh content='0;url={away}'>"
            f"<link rel=stylesheet href={away}><script src={away}></script>"
            f"<script>parent.document.title='run';fetch('{away}')</script></head>"
            f"<body style='background:url({away})'><img src={away} onerror=\"fetch('{away}')\">"
            f"<iframe src={away}></iframe><video src={away}></video><object data={away}></object>"
            f"<form action={away}><button id=b>send</button></form><p>{TEXT}</p></body></html>"
        )
        content = f'<article><h1>x</h1><iframe sandbox="{SANDBOX}"></iframe></article>'
        copy = Copy(content, replace(seen, document=Document((hostile.encode(),))).document, (), NOW, None)
        file = tmp_path / "hostile.html"
        pieces = written(copy, PASSPHRASE, language=Language.EN, branding=Branding(), name="x")
        file.write_bytes(b"".join(pieces))
        online = copies.chromium.new_context()
        try:
            page = shown(online, file)
            page.frame_locator("iframe").locator("#b").click()
            page.wait_for_timeout(500)

            assert page.title() == "x"
            assert page.frame_locator("iframe").get_by_text(TEXT).is_visible()
            assert site.asked == []
        finally:
            online.close()


def test_reader_saves_it_from_the_portal(copies: Copies, tmp_path: Path) -> None:
    path, _, visitor = opened(copies.here, 7 * DAY)
    online = copies.chromium.new_context(ignore_https_errors=True, accept_downloads=True)
    try:
        address = f"https://localhost:{copies.here.portal.port}"
        online.add_cookies(
            [{"name": "__Host-postseal", "value": visitor.cookie, "url": address, "secure": True}]
        )
        page = online.new_page()
        page.goto(address + path)
        page.get_by_role("link", name="Read without a network").click()
        proposed = page.locator("code").inner_text()
        page.get_by_label("Passphrase", exact=True).fill(proposed)
        page.get_by_label("The same once more").fill(proposed)
        button = page.get_by_role("button", name="Save the copy")
        saving = saved(page, lambda: button.press("Enter"))
        file = tmp_path / saving.suggested_filename
        saving.save_as(file)
        saved(page, lambda: button.press("Enter"))  # the page stays, for another
    finally:
        online.close()
    offline = copies.chromium.new_context()
    offline.set_offline(True)
    try:
        assert file.name.startswith("encrypted-")
        shown(offline, file, proposed)
    finally:
        offline.close()
