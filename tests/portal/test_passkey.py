"""Passkeys in a real browser with an authenticator of its own, and everything around it tried."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import update

from authenticator import Device, device, first_visit, sign_out, with_cookie
from demo.visitor import COOKIE
from portal_place import Place, id_of, path_of, place
from postseal.store.passkeys import MOST, Passkey
from postseal.store.schema_sealed import passkeys as table


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place(more="sign_in:\n  passkeys: true\n") as running:
        yield running


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses."""
    return f"{request.node.name[:50]}@one.test".lower()


def test_passkey_opens_the_next_message_without_a_code(here: Place, chromium: Browser, zoe: str) -> None:
    first, second = here.sealed(to=(zoe,)), here.sealed(to=(zoe, "cat@two.test"))
    with device(chromium) as own:
        violations: list[str] = []
        own.page.on("console", lambda said: violations.append(said.text) if said.type == "error" else None)
        first_visit(own.page, here, path_of(first), zoe)
        sign_out(own.page, here)
        own.page.goto(here.portal.address + path_of(second))
        before = {each["name"]: each["value"] for each in own.page.context.cookies()}
        own.page.get_by_role("button", name="Sign in with a passkey").click()

        expect(own.page.frame_locator("iframe").locator("body")).to_contain_text("The numbers: 1, 2, 3.")
        after = {each["name"]: each["value"] for each in own.page.context.cookies()}
        assert after[COOKIE] != before.get(COOKIE)
        assert not [said for said in violations if "Policy" in said]
    assert here.sink.is_quiet()
    assert here.events(id_of(first)) == ["sealed", "code_sent", "authenticated", "shown", "passkey_added"]
    assert here.events(id_of(second))[2:] == ["authenticated", "shown"]
    (kept,) = here.ring.passkeys.of(zoe, at=datetime.now(UTC))
    assert kept.used
    assert kept.counter > 0
    assert kept.until - kept.since == timedelta(days=180)


def test_own_passkey_is_listed_and_removed(here: Place, chromium: Browser, zoe: str) -> None:
    mail = here.sealed(to=(zoe,))
    with device(chromium) as own:
        first_visit(own.page, here, path_of(mail), zoe)
        own.page.get_by_role("button", name="Remove").click()
        expect(own.page.get_by_text("Your passkeys")).to_be_hidden()
        sign_out(own.page, here)
        own.page.goto(here.portal.address + path_of(mail))
        own.page.get_by_role("button", name="Sign in with a passkey").click()

        expect(own.page.get_by_role("alert")).to_contain_text("This passkey did not open the message")
    assert here.events(id_of(mail))[-2:] == ["passkey_removed", "failed"]
    assert here.ring.audit.of(id_of(mail))[-1].detail == "passkey: unknown"


def _not_for_him(here: Place, _: Device, zoe: str) -> str:
    return path_of(here.sealed(to=("cat@two.test",)))


def _ended(here: Place, _: Device, zoe: str) -> str:
    change = update(table).where(table.c.address == zoe).values(until=datetime.now(UTC))
    here.ring.store.write(lambda connection: connection.execute(change))
    return path_of(here.sealed(to=(zoe,)))


def _copied(here: Place, own: Device, zoe: str) -> str:
    """The authenticator's counter falls behind, as that of a copy does."""
    change = update(table).where(table.c.address == zoe).values(counter=1000)
    here.ring.store.write(lambda connection: connection.execute(change))
    return path_of(here.sealed(to=(zoe,)))


def _another_key(here: Place, own: Device, zoe: str) -> str:
    """Somebody has put his own key in the place of the right one, under its name."""
    (kept,) = here.ring.passkeys.of(zoe, at=datetime.now(UTC))
    key = bytearray(kept.key)
    key[-1] ^= 1
    change = update(table).where(table.c.address == zoe).values(key=bytes(key))
    here.ring.store.write(lambda connection: connection.execute(change))
    return path_of(here.sealed(to=(zoe,)))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_not_for_him, "recipient"),
        (_ended, "unknown"),
        (_copied, "counter"),
        (_another_key, "signature"),
    ],
    ids=["not for him", "ended", "copied", "another key"],
)
def test_passkey_that_proves_nothing_is_refused(
    here: Place,
    chromium: Browser,
    zoe: str,
    spoil: Callable[[Place, Device, str], str],
    reason: str,
) -> None:
    zoe = zoe.replace(" ", "-").replace("[", "-").replace("]", "")
    with device(chromium) as own:
        first_visit(own.page, here, path_of(here.sealed(to=(zoe,))), zoe)
        sign_out(own.page, here)
        path = spoil(here, own, zoe)
        own.page.goto(here.portal.address + path)
        own.page.get_by_role("button", name="Sign in with a passkey").click()

        expect(own.page.get_by_role("alert")).to_contain_text("This passkey did not open the message")
    (row,) = [row for row in here.ring.audit.of(bytes.fromhex(path[3:])) if row.event == "failed"]
    assert row.detail == f"passkey: {reason}"


def test_device_without_a_passkey_says_so_and_leaves_the_other_ways(
    here: Place, chromium: Browser, zoe: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    with device(chromium) as own:
        own.page.goto(here.portal.address + path)
        own.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(own.page.get_by_role("alert")).to_contain_text("Nothing has come back from your device")
        own.page.get_by_role("link", name="Go back").click()

        expect(own.page.get_by_label("Your mail address")).to_be_visible()


def test_answer_is_good_once_and_in_its_browser(here: Place, chromium: Browser, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    with device(chromium) as own:
        first_visit(own.page, here, path, zoe)
        sign_out(own.page, here)
        own.page.goto(here.portal.address + path)
        sent: list[str] = []
        own.page.on(
            "request",
            lambda request: sent.append(request.post_data or "") if "/answer" in request.url else None,
        )
        own.page.get_by_role("button", name="Sign in with a passkey").click()
        expect(own.page.locator("iframe")).to_be_visible()
        cookie = {each["name"]: each["value"] for each in own.page.context.cookies()}[COOKIE]

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for thief in (here.visitor(), with_cookie(here, cookie)):
        answer = thief.ask("POST", f"{path}/passkey/answer", sent[0].encode(), kind)
        assert answer.status == 403
        assert "did not open the message" in answer.text


def test_garbage_from_a_device_is_refused(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    for garbage in (
        "",
        "{}",
        "[]",
        "null",
        "[" * 10_000,
        json.dumps({"id": "x", "rawId": "x", "response": {}}),
    ):
        visitor = here.visitor()
        page = visitor.post(f"{path}/passkey")
        assert page.status == 200
        state = page.text.partition('name="state" value="')[2].partition('"')[0]

        assert visitor.post(f"{path}/passkey/answer", state=state, credential=garbage).status == 403


def test_only_who_has_signed_in_otherwise_makes_a_passkey(here: Place, chromium: Browser, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    stranger = here.visitor()
    for ending, texts in (
        ("make", {}),
        ("add", {"state": "s", "credential": "{}"}),
        ("remove", {"id": "00"}),
    ):
        assert stranger.post(f"{path}/passkeys/{ending}", **texts).to == path
    assert stranger.get(f"{path}/passkeys").to == path

    with device(chromium) as own:
        first_visit(own.page, here, path, zoe)
        sign_out(own.page, here)
        own.page.goto(here.portal.address + path)
        own.page.get_by_role("button", name="Sign in with a passkey").click()
        own.page.get_by_role("link", name="Next time without a code").click()

        expect(own.page.get_by_role("button", name="Make a passkey")).to_be_hidden()
        cookie = {each["name"]: each["value"] for each in own.page.context.cookies()}[COOKIE]
    assert with_cookie(here, cookie).post(f"{path}/passkeys/make").status == 403


def test_passkey_needs_a_finger_or_a_pin(here: Place, chromium: Browser, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    with device(chromium) as own:
        first_visit(own.page, here, path, zoe)
        sign_out(own.page, here)
        own.verified(False)
        own.page.goto(here.portal.address + path)
        own.page.get_by_role("button", name="Sign in with a passkey").click()

        expect(own.page.get_by_role("alert")).to_contain_text("Nothing has come back from your device")


def test_others_passkeys_are_neither_seen_nor_removed(here: Place, zoe: str) -> None:
    now = datetime.now(UTC)
    foreign = Passkey(b"c" * 16, b"k", "cat@two.test", 0, now, now + timedelta(days=1))
    here.ring.passkeys.add(foreign)
    visitor = here.signed_in(path := path_of(here.sealed(to=(zoe,))), zoe)

    assert foreign.id.hex() not in visitor.get(f"{path}/passkeys").text
    assert visitor.post(f"{path}/passkeys/remove", id=foreign.id.hex()).status == 303
    assert here.ring.passkeys.of("cat@two.test", at=now) == (foreign,)


def test_one_address_has_ten_at_most(here: Place, zoe: str) -> None:
    now = datetime.now(UTC)
    taken = [
        here.ring.passkeys.add(Passkey(bytes([number]) * 16, b"k", zoe, 0, now, now + timedelta(days=1)))
        for number in range(100, 100 + MOST + 1)
    ]

    assert taken == [True] * MOST + [False]


def test_pages_ask_devices_only_where_they_must(here: Place, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()

    proposing = visitor.get(path).fields["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in proposing
    assert "publickey-credentials-create=()" in proposing
    reading = here.signed_in(path, zoe).get(path).fields["Permissions-Policy"]
    assert "publickey-credentials-get=()" in reading
    asking = visitor.post(f"{path}/passkey").fields["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in asking


def test_without_the_setting_there_are_none(portal: Place) -> None:
    path = path_of(portal.sealed(to=("zoe@one.test",)))
    visitor = portal.visitor()

    assert "passkey" not in visitor.get(path).text
    for way in ("passkey", "passkey/answer", "passkeys/make", "passkeys/add", "passkeys/remove"):
        assert visitor.post(f"{path}/{way}").status == 404
