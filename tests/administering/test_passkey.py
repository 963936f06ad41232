"""Passkeys of administrators in a real browser with an authenticator of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from admin_place import ANN, REV, Office
from authenticator import Device, device
from postseal.store.audit import Event
from postseal.store.passkeys import Passkeys
from postseal.store.schema_administrators import administrator_passkeys as table


@pytest.fixture
def own(chromium: Browser) -> Iterator[Device]:
    with device(chromium) as made:
        yield made


def entered(at: Office, page: Page, address: str) -> None:
    page.goto(at.page.address + at.link(address))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Find a message").wait_for()


def made(at: Office, page: Page, address: str) -> None:
    """Sign in with a link, and make a passkey."""
    entered(at, page, address)
    page.get_by_role("link", name="Your passkeys").click()
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_role("button", name="Remove").wait_for()


def tried(at: Office, page: Page) -> None:
    """Sign in with the passkey, in a browser that has forgotten the rest."""
    page.context.clear_cookies()
    page.goto(f"{at.page.address}/sign-in")
    page.get_by_role("button", name="Sign in with a passkey").click()


def verbs(at: Office) -> Passkeys:
    return Passkeys(at.here.ring.store, table)


@pytest.fixture(autouse=True)
def none(open_office: Office) -> Iterator[None]:
    yield
    for address in (ANN, REV):
        verbs(open_office).remove_all(address)


def test_passkey_signs_in_and_makes_no_other(at: Office, own: Device) -> None:
    made(at, own.page, ANN)
    tried(at, own.page)

    expect(own.page.get_by_text(f"{ANN} (admin)")).to_be_visible()
    own.page.get_by_role("link", name="Your passkeys").click()
    expect(own.page.get_by_text("Last used")).to_be_visible()
    expect(own.page.get_by_role("button", name="Make a passkey")).to_be_hidden()
    assert at.acts()[-1] == f"{ANN} signed in: passkey, admin"
    (kept,) = verbs(at).of(ANN, at=datetime.now(UTC))
    assert kept.until - kept.since == timedelta(days=180)
    added = at.here.ring.audit.last(Event.PASSKEY_ADDED)
    assert added
    assert (added.address, added.detail) == (ANN, "an administrator's own")


def test_own_passkey_is_removed_and_opens_nothing_more(at: Office, own: Device) -> None:
    made(at, own.page, REV)
    own.page.get_by_role("button", name="Remove").click()
    expect(own.page.get_by_role("button", name="Remove")).to_be_hidden()
    tried(at, own.page)

    expect(own.page.get_by_role("alert")).to_contain_text("That did not let you in")
    assert at.refusals()[0] == "administrators: passkey: unknown"


def test_ending_sessions_forgets_passkeys_of_administrators(at: Office, own: Device) -> None:
    made(at, own.page, REV)
    ann = at.signed_in("admin")
    assert "Passkeys: 1" in ann.get(f"/people?address={REV}").text
    assert "Passkeys forgotten: 1." in ann.post("/people/end", address=REV).text
    tried(at, own.page)

    expect(own.page.get_by_role("alert")).to_contain_text("That did not let you in")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"until": datetime.now(UTC)}, "unknown"),
        ({"counter": 1000}, "counter"),
        ({"address": "gone@lab.test"}, "no_role"),
    ],
    ids=["ended", "copied", "gone"],
)
def test_passkey_that_proves_too_little_is_refused(
    at: Office, own: Device, values: dict[str, object], reason: str
) -> None:
    made(at, own.page, REV)
    change = update(table).where(table.c.address == REV).values(values)
    at.here.ring.store.write(lambda connection: connection.execute(change))
    tried(at, own.page)

    expect(own.page.get_by_role("alert")).to_contain_text("That did not let you in")
    assert at.refusals()[0] == f"administrators: passkey: {reason}"
    verbs(at).remove_all("gone@lab.test")


def test_readers_passkey_is_worth_nothing_here(at: Office, own: Device) -> None:
    """It began with a code by mail; its device would show it here too, where both have one name."""
    made(at, own.page, ANN)
    now = datetime.now(UTC)
    (kept,) = verbs(at).of(ANN, at=now)
    verbs(at).remove_all(ANN)
    at.here.ring.passkeys.add(kept)
    tried(at, own.page)

    expect(own.page.get_by_role("alert")).to_contain_text("That did not let you in")
    assert at.here.ring.passkeys.of(ANN, at=now) == (kept,)
    at.here.ring.passkeys.remove_all(ANN)


def test_who_is_known_by_a_group_alone_makes_none(at: Office) -> None:
    visitor = at.visitor()
    at.came_back(visitor, email="new@lab.test", groups=["helpdesk"])

    assert "Make a passkey" not in visitor.get("/passkeys").text
    assert visitor.post("/passkeys/make").status == 403


def test_answer_is_good_once_and_in_its_browser(at: Office) -> None:
    visitor, other = at.visitor(), at.visitor()
    page = visitor.post("/passkey").text
    other.post("/passkey")
    state = page.partition('name="state" value="')[2].partition('"')[0]

    for browser in (other, visitor, visitor):
        answer = browser.post("/passkey/answer", state=state, credential="{}")
        assert answer.status == 403
    assert at.refusals()[:2] == [f"administrators: passkey: {why}" for why in ("malformed", "state")]
