"""A browser with an authenticator of its own, as a telephone has: Chromium over its DevTools protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, CDPSession, Page

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
