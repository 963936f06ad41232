"""The pages on which people sign in, as they are seen and as they are read aloud: axe-core finds nothing."""

import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, Route

from authenticator import device
from demo.visitor import COOKIE
from portal_account import provider_settings
from portal_place import Place, path_of, place
from postseal.locks import Locks
from providerserver import ProviderServer

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
ZOE = "zoe@one.test"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ProviderServer(tmp_path_factory.mktemp("provider")) as server:
        server.answers["/messages"] = lambda: (200, {})
        texts = f"  sms: {{url: {server.issuer}/messages, senders: true,"
        texts += f" certificate_authority: {server.certificate}}}\n"
        more = f"sign_in:\n  passkeys: true\n  passphrases: true\n{texts}"
        ways = provider_settings(server, "lab", "other").replace("sign_in:\n", more)
        with place(more=ways) as running:
            yield running


def look(page: Page, name: str) -> None:
    for colors in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if colors == "dark" else "light")
        page.evaluate(AXE)
        told = page.evaluate("axe.run(document, {iframes: false})")
        assert told["passes"]
        bad = [f"{one['id']}: {one['nodes'][0]['html']}" for one in told["violations"]]
        assert not bad, f"{name}, {colors}: {bad}"
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.set_viewport_size({"width": 1280, "height": 800})


def test_pages_have_no_violations(here: Place, chromium: Browser) -> None:
    path = path_of(here.sealed(to=(ZOE,)))
    with device(chromium) as own:
        page = own.page
        page.goto(here.portal.address + path)
        look(page, "address")
        page.goto(f"{here.portal.address}{path}/account")
        look(page, "refused")
        page.goto(f"{here.portal.address}/account")
        look(page, "lost")
        page.goto(here.portal.address + path)
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.get_by_role("alert").wait_for()  # there is none yet
        look(page, "passkey")

        page.get_by_role("link", name="Go back").click()
        page.get_by_label("Your mail address").fill(ZOE)
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code of eight digits").fill(here.code()[1])
        page.get_by_role("link", name="Next time without a code").click()
        page.get_by_role("button", name="Make a passkey").click()
        page.get_by_text("Your passkeys").wait_for()
        look(page, "passkeys")


def test_pages_for_what_the_sender_asks_besides_have_no_violations(here: Place, chromium: Browser) -> None:
    who = "locked@one.test"
    path = path_of(here.sealed(to=(who,), locks=Locks("blue horse 17", ((who, "+491701234567"),))))
    visitor = here.signed_in(path, who)
    with chromium.new_context(ignore_https_errors=True, locale="en") as context:
        cookie = {"name": COOKIE, "value": visitor.cookie, "url": here.portal.address, "secure": True}
        context.add_cookies([cookie])  # type: ignore[list-item] # a mapping of the same words
        page = context.new_page()
        page.goto(here.portal.address + path)
        look(page, "passphrase")
        page.get_by_label("Passphrase").fill("green horse 18")
        page.get_by_role("button", name="Read the message").click()
        page.get_by_role("alert").wait_for()
        look(page, "wrong passphrase")
        page.get_by_label("Passphrase").fill("blue horse 17")
        page.get_by_role("button", name="Read the message").click()
        page.get_by_text("ending in 67").wait_for()
        look(page, "telephone")
        page.get_by_role("button", name="Send me a code").click()
        page.get_by_label("Code of eight digits").wait_for()
        look(page, "code by telephone")


def _staying(route: Route) -> None:
    """The page, but that it does not go on by itself."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'<meta http-equiv="refresh"[^>]*>', "", answer.text()))


def test_page_that_goes_on_has_no_violations(here: Place, chromium: Browser) -> None:
    path = path_of(here.sealed(to=(ZOE,)))
    with chromium.new_context(ignore_https_errors=True, locale="en") as context:
        page = context.new_page()
        page.route("**/account/lab", _staying)
        page.goto(here.portal.address + path)
        page.get_by_role("button", name="Sign in with Lab").click()
        page.get_by_role("link", name="Go on").wait_for()

        look(page, "leaving")
