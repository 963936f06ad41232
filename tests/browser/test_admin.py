"""The administrators' page in a browser: what people do there, with and without script, and for whom."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from admin_pictures import pages
from admin_place import Office, office
from browser import saved
from browser_lab import DESKTOP, PHONE
from portal_place import id_of
from postseal.language.language import EVERY

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
WHO = ("bob@one.test", "cat@two.test", "dan@three.test")


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with chromium.new_context(ignore_https_errors=True, locale="en-GB") as opened:
        yield opened


def entered(at: Office, page: Page, address: str) -> Page:
    """*page*, after *address* has followed a link."""
    page.goto(at.page.address + at.link(address))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Administration").wait_for()
    return page


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_support_finds_a_message_revokes_one_of_three_and_undoes_it(
    at: Office, chromium: Browser, script: bool
) -> None:
    mail = at.here.sealed(to=WHO)
    known = id_of(mail)
    with chromium.new_context(
        ignore_https_errors=True, locale="en-GB", java_script_enabled=script, viewport=PHONE
    ) as opened:  # type: ignore[arg-type] # a mapping of the same words
        page = entered(at, opened.new_page(), "sue@lab.test")
        place = page.get_by_role("heading", name="Administration").bounding_box()
        assert place
        assert place["x"] > 10  # not at the edge of the glass
        page.get_by_label("Recipient").fill("@two.test")
        page.get_by_label("From this day on").fill(datetime.now(UTC).date().isoformat())
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name=known.hex()[:12]).click()
        page.get_by_role("button", name=f"Revoke {WHO[1]}").click()
        page.get_by_role("button", name=f"Undo {WHO[1]}").wait_for()
        assert readers(at, known) == [WHO[0], WHO[2]]
        page.get_by_role("button", name=f"Undo {WHO[1]}").click()
        page.get_by_role("button", name=f"Revoke {WHO[1]}").wait_for()
        assert readers(at, known) == list(WHO)
        end = (datetime.now(UTC) + timedelta(days=40)).date()
        page.get_by_label("Can be read until the end of").fill(end.isoformat())
        page.get_by_label("Recipient").select_option(WHO[2])
        page.get_by_role("button", name="Set the end").click()
        page.get_by_text("Can read it until").wait_for()
        assert page.get_by_text("Can read it.").count() == 2
        assert page.get_by_role("link", name="Master keys").count() == 0


def readers(at: Office, message: bytes) -> list[str]:
    known = at.here.ring.messages.of(message)
    assert known
    return [one.address for one in known.recipients if one.readable(datetime.now(UTC))]


def test_export_is_saved_as_a_file(at: Office, context: BrowserContext) -> None:
    page = entered(at, context.new_page(), "rev@lab.test")
    page.get_by_role("link", name="Audit").click()
    for form in ("CSV", "JSON"):
        waited = saved(page, page.get_by_role("button", name=form).click)
        assert waited.suggested_filename.endswith(f".{form.lower()}")
        assert waited.path().stat().st_size > 100


def test_preview_shows_the_branding_and_runs_nothing(at: Office, context: BrowserContext) -> None:
    page = entered(at, context.new_page(), "ann@lab.test")
    page.get_by_role("link", name="Brandings").click()
    page.get_by_role("link", name="sales").click()
    frame = page.frame_locator("iframe")
    frame.get_by_text("Sales of Lab").first.wait_for()
    page.get_by_role("navigation", name="Preview").get_by_role("link", name="Code").click()
    page.get_by_label("Language of its reader").select_option("de")
    page.get_by_role("button", name="Show").click()
    page.frame_locator("iframe").get_by_text("Der Vertrieb liest mit.").wait_for()


def test_every_page_is_good_for_everybody(at: Office, chromium: Browser) -> None:
    """axe-core finds nothing, light on a phone and dark at a desk; nothing runs out of the window."""
    found: dict[str, list[str]] = {}
    for colors, size in (("light", {"width": 320, "height": 640}), ("dark", DESKTOP)):
        with chromium.new_context(
            ignore_https_errors=True, locale="en-GB", color_scheme=colors, viewport=size
        ) as opened:  # type: ignore[arg-type] # mappings of the same words
            page = opened.new_page()
            for name in pages(at, page):
                page.evaluate(AXE)
                told = page.evaluate("axe.run(document, {iframes: false})")
                assert told["passes"]
                bad = [f"{one['id']}: {one['nodes'][0]['html']}" for one in told["violations"]]
                if bad:
                    found[f"{name}, {colors}"] = bad
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    assert not found


def test_pages_speak_every_language(at: Office, context: BrowserContext) -> None:
    page = entered(at, context.new_page(), "ann@lab.test")
    seen = set()
    for language in EVERY:
        page.get_by_role("button", name=language.own_name, exact=True).click()
        page.locator(f"html[lang={language.tag}][dir={language.direction}]").wait_for()
        seen.add(page.get_by_role("main").locator("p").first.inner_text())
    assert len(seen) == len(EVERY)
