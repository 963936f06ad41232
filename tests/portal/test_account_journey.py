"""From the mail to the text with an account at a real provider, in a real browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from demo.visitor import COOKIE
from oidc_provider import RealProvider, real_provider
from portal_place import Place, id_of, path_of, place


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> RealProvider:
    return real_provider(tmp_path_factory.mktemp("oidc"))


@pytest.fixture(scope="module")
def here(provider: RealProvider) -> Iterator[Place]:
    with (
        place(more=provider.settings("lab")) as running,
        provider.running(f"{running.portal.address}/account/lab"),
    ):
        yield running


@contextmanager
def opened(chromium: Browser, *, scripts: bool = True) -> Iterator[Page]:
    """A page of a browser that knows nobody."""
    with chromium.new_context(ignore_https_errors=True, java_script_enabled=scripts, locale="en") as context:
        yield context.new_page()


def sign_in(page: Page, here: Place, path: str, account: str) -> None:
    """Go to the message, to the provider, sign in there as *account*, consent, and come back."""
    page.goto(here.portal.address + path)
    page.get_by_role("button", name="Sign in with Lab").click()
    page.locator("input[name=login]").fill(account)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{here.portal.address}/**")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_reader_signs_in_at_a_real_provider(
    here: Place, chromium: Browser, provider: RealProvider, scripts: bool
) -> None:
    zoe = f"zoe-{scripts}@one.test".lower()
    mail = here.sealed(to=(zoe,))
    with opened(chromium, scripts=scripts) as page:
        violations: list[str] = []
        page.on("console", lambda said: violations.append(said.text) if said.type == "error" else None)
        page.goto(here.portal.address + path_of(mail))
        before = {each["name"]: each["value"] for each in page.context.cookies()}
        sign_in(page, here, path_of(mail), zoe)

        assert page.url == here.portal.address + path_of(mail)
        expect(page.frame_locator("iframe").locator("body")).to_contain_text("The numbers: 1, 2, 3.")
        after = {each["name"]: each["value"] for each in page.context.cookies(here.portal.address)}
        assert after[COOKIE] != before.get(COOKIE)
        assert not [said for said in violations if "Content Security Policy" in said]
    assert here.events(id_of(mail)) == ["sealed", "authenticated", "shown"]


@pytest.mark.parametrize(
    ("account", "reason"),
    [("somebody@else.test", "recipient"), ("unverified-zoe@one.test", "unverified")],
    ids=["another address", "unverified"],
)
def test_wrong_account_reads_nothing(here: Place, chromium: Browser, account: str, reason: str) -> None:
    mail = here.sealed(to=("zoe@one.test", "unverified-zoe@one.test"))
    with opened(chromium) as page:
        sign_in(page, here, path_of(mail), account)

        expect(page.get_by_role("alert")).to_contain_text("did not open this message")
        assert not re.search("code=|state=", page.url)
        expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    rows = here.ring.audit.of(id_of(mail))
    assert [row.detail for row in rows if row.event == "failed"] == [f"oidc lab: {reason}"]


def test_visitor_may_turn_back_at_the_provider(here: Place, chromium: Browser) -> None:
    mail = here.sealed(to=("zoe@one.test",))
    with opened(chromium) as page:
        page.goto(here.portal.address + path_of(mail))
        page.get_by_role("button", name="Sign in with Lab").click()
        page.get_by_role("link", name="Cancel").click()

        expect(page.get_by_role("alert")).to_contain_text("did not open this message")
    rows = here.ring.audit.of(id_of(mail))
    assert [row.detail for row in rows if row.event == "failed"] == ["oidc lab: denied"]
