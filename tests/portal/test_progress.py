"""A reply with files in a browser with script: how much has arrived, and what happens when it does not."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.sink import Sink
from portal_place import Place, path_of, place

LIMIT = 60_000
"""Milliseconds that a loaded machine may take."""
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Place, Sink]]:
    with ExitStack() as opened:
        inside = opened.enter_context(Sink())
        replies = f"  replies: {{submit_to: 127.0.0.1:{inside.port}, file: 1MiB}}\n"
        yield opened.enter_context(place(more=replies)), inside


@pytest.fixture
def page(running: tuple[Place, Sink], chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The form for a reply, with a text in it."""
    here, inside = running
    inside.take(len(inside.deliveries))
    zoe = f"{request.node.name[:40].replace('_', '-')}@one.test"
    path = path_of(here.sealed(to=(zoe,)))
    with chromium.new_context(ignore_https_errors=True, locale="en") as context:
        page = context.new_page()
        page.set_default_timeout(LIMIT)
        page.goto(here.portal.address + path)
        page.get_by_label("Your mail address").fill(zoe)
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code of eight digits").fill(here.code()[1])
        page.locator("iframe").wait_for()
        page.goto(here.portal.address + path + "/reply")
        page.get_by_label("Your reply").fill("One, two, three.")
        yield page


def file(folder: Path, size: int) -> Path:
    path = folder / "numbers.bin"
    path.write_bytes(os.urandom(size))
    return path


def expect_sent(page: Page) -> None:
    expect(page.get_by_role("heading", name="Your reply is on its way")).to_be_visible(timeout=LIMIT)
    assert page.url.endswith("/sent")


def test_bar_shows_how_much_has_arrived(running: tuple[Place, Sink], page: Page, tmp_path: Path) -> None:
    violations: list[str] = []
    page.on("console", lambda said: violations.append(said.text) if said.type == "error" else None)
    page.get_by_label("Files").set_input_files(file(tmp_path, 1 << 20))
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    page.get_by_role("button", name="Send the reply").click()

    bar = page.get_by_role("progressbar", name="Sending")
    expect(bar).to_be_visible()
    page.wait_for_function(
        "() => { const at = document.querySelector('progress').value; return at > 0 && at < 1 }"
    )
    expect_sent(page)
    assert b"numbers.bin" in running[1].take_one(seconds=60).content
    assert running[1].is_quiet()
    assert violations == []


def test_file_that_is_too_large_is_told_and_the_text_stays(
    running: tuple[Place, Sink], page: Page, tmp_path: Path
) -> None:
    page.get_by_label("Files").set_input_files(file(tmp_path, (1 << 20) + 1))
    page.get_by_role("button", name="Send the reply").click()

    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text(
        "choose the files again", timeout=LIMIT
    )
    expect(page.get_by_label("Your reply")).to_have_value("One, two, three.")
    page.get_by_label("Files").set_input_files(file(tmp_path, 1000))
    page.get_by_role("button", name="Send the reply").click()
    expect_sent(page)
    assert b"numbers.bin" in running[1].take_one(seconds=60).content


def test_line_that_breaks_off_is_told_and_nothing_is_lost(
    running: tuple[Place, Sink], page: Page, tmp_path: Path
) -> None:
    page.get_by_label("Files").set_input_files(file(tmp_path, 1000))
    page.context.set_offline(True)
    page.get_by_role("button", name="Send the reply").click()

    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("The connection broke off")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send the reply").click()
    expect_sent(page)
    assert b"numbers.bin" in running[1].take_one(seconds=60).content
    assert running[1].is_quiet()
