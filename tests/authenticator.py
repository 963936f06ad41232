"""A browser with an authenticator of its own, as a telephone has: Chromium over its DevTools protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page, expect

from demo.visitor import Visitor
from portal_place import Place

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass
class Device:
    """A page of a browser that has an authenticator."""

    page: Page
    wire: CDPSession
    authenticator: str

    def verified(self, whether: bool) -> None:
        asked = {"authenticatorId": self.authenticator, "isUserVerified": whether}
        self.wire.send("WebAuthn.setUserVerified", asked)


UNASKED = "PublicKeyCredential.isConditionalMediationAvailable = async () => false"
"""A browser that proposes no passkeys; this one takes every proposal at once."""


@contextmanager
def device(chromium: Browser, *, proposes: bool = False) -> Iterator[Device]:
    with chromium.new_context(ignore_https_errors=True, locale="en") as context:
        page = context.new_page()
        if not proposes:
            page.add_init_script(UNASKED)
        wire = context.new_cdp_session(page)
        wire.send("WebAuthn.enable")
        made = wire.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        yield Device(page, wire, made["authenticatorId"])


def first_visit(page: Page, here: Place, path: str, address: str) -> None:
    """Sign in with a code, and make a passkey."""
    page.goto(here.portal.address + path)
    page.get_by_label("Your mail address").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code of eight digits").fill(here.code()[1])
    page.get_by_role("link", name="Next time without a code").click()
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_text("Your passkeys")).to_be_visible()


def sign_out(page: Page, here: Place) -> None:
    page.context.clear_cookies()
    page.goto("about:blank")


def with_cookie(here: Place, cookie: str) -> Visitor:
    visitor = here.visitor()
    visitor.cookie = cookie
    return visitor
