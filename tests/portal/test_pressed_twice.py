"""Buttons that are pressed twice, where no script keeps the second press back: nothing is used up by that."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from demo.visitor import Answer, Visitor
from portal_place import Place, id_of, path_of
from postseal.store.schema_sealed import portal_sessions
from sealing import attached


def sessions_of(here: Place, address: str) -> int:
    query = select(func.count()).where(portal_sessions.c.address == address)
    return here.ring.store.read(lambda connection: connection.scalar(query) or 0)


def asked(here: Place, path: str, address: str) -> tuple[Visitor, str]:
    """Somebody who waits with the code that was sent to *address*."""
    visitor = here.visitor()
    visitor.get(path)
    visitor.post(f"{path}/address", address=address)
    return visitor, here.code()[1]


def beside(visitor: Visitor) -> Visitor:
    """The same browser, with the cookie that it has now."""
    return Visitor(visitor.port, visitor.cookie, visitor.send)


def test_code_that_comes_twice_leads_to_the_same_session(here: Place) -> None:
    mail = here.sealed(to=(zoe := "zoe@twice.test",))
    path = path_of(mail)
    first, code = asked(here, path, zoe)
    second = beside(first)

    answers = [visitor.post(f"{path}/code", code=code) for visitor in (first, second)]

    assert [(answer.status, answer.to) for answer in answers] == [(303, path)] * 2
    assert first.cookie == second.cookie
    assert "The numbers" in second.get(f"{path}/body").text
    assert sessions_of(here, zoe) == 1
    assert here.events(id_of(mail)).count("authenticated") == 1


def test_code_that_comes_eight_times_at_once_makes_one_session(here: Place) -> None:
    mail = here.sealed(to=(zoe := "zoe@once.test",))
    path = path_of(mail)
    visitor, code = asked(here, path, zoe)
    browsers = [beside(visitor) for _ in range(8)]
    answers: list[Answer] = []
    begin = threading.Barrier(len(browsers))

    def press(browser: Visitor) -> None:
        begin.wait()
        answers.append(browser.post(f"{path}/code", code=code))

    threads = [threading.Thread(target=press, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(answer.status, answer.to) for answer in answers] == [(303, path)] * len(browsers)
    assert len({browser.cookie for browser in browsers}) == 1
    assert sessions_of(here, zoe) == 1
    assert here.events(id_of(mail)).count("authenticated") == 1


def test_code_is_good_for_no_other_browser_and_not_after_signing_out(here: Place) -> None:
    path = path_of(here.sealed(to=(zoe := "zoe@other.test",)))
    first, code = asked(here, path, zoe)
    second, stranger = beside(first), here.visitor()
    first.post(f"{path}/code", code=code)
    stranger.get(path)

    assert stranger.post(f"{path}/code", code=code).status == 422
    assert beside(second).post(f"{path}/code", code=f"{(int(code) + 1) % 10**8:08}").status == 422
    first.post("/out")
    assert second.post(f"{path}/code", code=code).status == 422
    assert sessions_of(here, zoe) == 0


@pytest.fixture
def page(here: Place, chromium: Browser) -> Iterator[Page]:
    """A browser without script, from a network of its own."""
    fields = {"X-Forwarded-For": here.visitor().send["X-Forwarded-For"]}
    context = chromium.new_context(
        ignore_https_errors=True, locale="en", java_script_enabled=False, extra_http_headers=fields
    )
    with context:
        yield context.new_page()


def test_reader_without_script_clicks_everything_twice(
    here: Place, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    zoe = "zoe@clicks.test"
    mail = here.sealed(to=(zoe,))
    file = tmp_path_factory.mktemp("saved") / "message.html"
    file.write_text(attached(mail))
    page.goto(file.as_uri())
    page.get_by_role("button").dblclick()
    page.get_by_label("Your mail address").fill(zoe)
    page.get_by_role("button", name="Send me a code").dblclick()
    page.get_by_label("Code of eight digits").wait_for()
    shown = page.locator(".reference dd").inner_text()
    sent = [here.code()[0].get_content()]
    while not here.sink.is_quiet():
        sent.append(here.code()[0].get_content())
    (text,) = [text for text in sent if f"letters as this mail: {shown}" in " ".join(text.split())]
    found = re.search(r"\b(\d{4}) (\d{4})\b", text)
    assert found
    page.get_by_label("Code of eight digits").fill(found[0])
    page.get_by_role("button", name="Read the message").dblclick()

    expect(page.frame_locator("iframe").locator("body")).to_contain_text("The numbers: 1, 2, 3.")
    assert sessions_of(here, zoe) == 1
    assert here.events(id_of(mail)).count("authenticated") == 1
