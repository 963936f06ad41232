"""Members of a list on a real OpenLDAP server, and a super user, before real eyes."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from browser import CHROMIUM, browser
from browser_lab import DESKTOP, PHONE
from demo.visitor import COOKIE
from portal_account import arrive, leave, provider_settings
from portal_place import Place, path_of, place
from postseal.rights import Right
from providerserver import ProviderServer
from sealing import message
from slapd import MANAGER, PASSWORD, SUFFIX, Slapd, installed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not installed() or os.geteuid() != 0 or not CHROMIUM.exists(),
        reason="needs slapd, Chromium and root: contrib/install-tools",
    ),
]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
TEAM, ANN, ADA = "team@lab.test", "ann@lab.test", "ada@lab.test"
TEXT = "The numbers: 1, 2, 3."


@dataclass
class Lab:
    place: Place
    slapd: Slapd
    provider: ProviderServer
    browser: Browser

    def context(self, *, script: bool, size: dict[str, int]) -> BrowserContext:
        return self.browser.new_context(
            java_script_enabled=script,
            viewport=size,  # type: ignore[arg-type] # a mapping of the same words
            ignore_https_errors=True,
            locale="en-GB",
        )

    def sealed(self, *withheld: Right) -> str:
        given = message(identity=f"<{datetime.now(UTC).timestamp()}@lab.test>")
        return path_of(self.place.sealed(given, to=(TEAM,), withheld=withheld))

    def address(self, path: str) -> str:
        return f"https://localhost:{self.place.portal.port}{path}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("slapd")
    slapd = Slapd(folder)
    slapd._add(f"dn: cn=Ann,{SUFFIX}\nobjectClass: inetOrgPerson\ncn: Ann\nsn: A\nmail: {ANN}\n")
    group = f"objectClass: groupOfNames\nobjectClass: extensibleObject\nmember: cn=Ann,{SUFFIX}\n"
    slapd._add(f"dn: cn=Inner,{SUFFIX}\n{group}cn: Inner\n")
    outer = group.replace("cn=Ann", "cn=Inner")
    slapd._add(f"dn: cn=Team,{SUFFIX}\n{outer}cn: Team\nmail: {TEAM}\n")
    (folder / "password").write_text(f"{PASSWORD}\n")
    with ExitStack() as running:
        running.enter_context(slapd)
        server = running.enter_context(ProviderServer(tmp_path_factory.mktemp("provider")))
        more = f"  lists: {{directory: true}}\n  super_users: {{people: [{ADA}], sign_in: [lab]}}\n"
        more += (
            f"directory:\n  server:\n    ldap: {{url: '{slapd.url}', base: '{SUFFIX}', bind_dn: '{MANAGER}', "
        )
        more += f"password_file: {folder / 'password'}}}\n    time: 30s\n    remembered: 1s\n"
        where = running.enter_context(place(more=more + provider_settings(server, "lab")))
        yield Lab(where, slapd, server, running.enter_context(browser()))


def sound(page: Page) -> None:
    """Accessible, and no wider than the screen; of a browser with scripts, as nothing answers without."""
    page.evaluate(AXE)
    told = page.evaluate("axe.run(document, {iframes: false})")
    assert told["passes"]
    assert [f"{one['id']}: {one['nodes'][0]['html']}" for one in told["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_member_reads_until_he_leaves_the_list(lab: Lab) -> None:
    ldap = pytest.importorskip("ldap")
    path = lab.sealed()
    context = lab.context(script=True, size=PHONE)
    page = context.new_page()
    page.goto(lab.address(path))
    assert page.get_by_text("by way of a mailing list").is_visible()
    page.get_by_label("Your mail address").fill(ANN)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code of eight digits").press_sequentially(lab.place.code()[1])
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()

    wire = ldap.initialize(lab.slapd.url)
    wire.simple_bind_s(MANAGER, PASSWORD)
    others = [f"cn=Nobody,{SUFFIX}".encode()]
    wire.modify_s(f"cn=Inner,{SUFFIX}", [(ldap.MOD_REPLACE, "member", others)])
    wire.unbind_s()
    page.wait_for_timeout(1500)  # what the directory has said is good for a second
    page.reload()

    page.get_by_text("you are not on that list any more").wait_for()
    sound(page)
    assert TEXT not in page.goto(lab.address(f"{path}/body")).text()  # type: ignore[union-attr] # there is one
    context.close()


@pytest.mark.parametrize(("script", "size"), [(True, DESKTOP), (False, PHONE)], ids=["desk", "phone"])
def test_super_user_gives_a_reason_and_reads(lab: Lab, script: bool, size: dict[str, int]) -> None:
    path = lab.sealed(Right.COPY)
    lab.provider.claims["email"] = ADA
    visitor = lab.place.visitor()
    arrive(visitor, lab.provider, leave(visitor, path))
    context = lab.context(script=script, size=size)
    home = lab.address("")
    context.add_cookies([{"name": COOKIE, "value": visitor.cookie, "url": home, "secure": True}])
    page = context.new_page()

    page.goto(lab.address(path))
    page.get_by_role("heading", name="Open as a super user").wait_for()
    if script:
        sound(page)
    page.get_by_label("Your reason").fill("case 17")
    page.get_by_role("button", name="Open the message").click()
    page.frame_locator("iframe").get_by_text(TEXT).wait_for()

    if script:
        sound(page)
    assert page.get_by_text("You read this as a super user.").is_visible()
    told = lab.place.ring.audit.of(bytes.fromhex(path[3:]))
    assert [row.detail for row in told if row.event == "overseen"] == ["case 17"]
    context.close()
