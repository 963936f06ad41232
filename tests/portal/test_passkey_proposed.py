"""A passkey that the browser proposes where the address is typed, and that this leaves nothing behind."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from authenticator import device, first_visit, sign_out, with_cookie
from demo.visitor import COOKIE
from portal_place import Place, id_of, path_of, place
from postseal.store.schema_sealed import sign_ins


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    with place(more="sign_in:\n  passkeys: true\n") as running:
        yield running


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses."""
    return f"{request.node.name[:50]}@one.test".lower()


def test_passkey_is_proposed_where_the_address_is_typed(here: Place, chromium: Browser, zoe: str) -> None:
    first, second = here.sealed(to=(zoe,)), here.sealed(to=(zoe,))
    with device(chromium, proposes=True) as own:
        violations: list[str] = []
        own.page.on("console", lambda said: violations.append(said.text) if said.type == "error" else None)
        first_visit(own.page, here, path_of(first), zoe)
        sign_out(own.page, here)
        sent: list[str] = []
        own.page.on(
            "request",
            lambda request: sent.append(request.post_data or "") if "/answer" in request.url else None,
        )
        own.page.goto(here.portal.address + path_of(second))

        # The device takes part without being asked, as somebody does who chooses what is proposed.
        expect(own.page.frame_locator("iframe").locator("body")).to_contain_text("The numbers: 1, 2, 3.")
        assert not [said for said in violations if "Policy" in said]
        cookie = {each["name"]: each["value"] for each in own.page.context.cookies()}[COOKIE]
    assert here.events(id_of(second))[1:] == ["authenticated", "shown"]
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for thief in (here.visitor(), with_cookie(here, cookie)):
        answer = thief.ask("POST", f"{path_of(second)}/passkey/answer", sent[0].encode(), kind)
        assert answer.status == 403
        assert "did not open the message" in answer.text


def test_proposal_leaves_nothing_in_the_store_and_garbage_nothing_but_a_refusal(
    here: Place, zoe: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    count = select(func.count()).select_from(sign_ins)
    before = here.ring.store.read(lambda connection: connection.scalar(count))
    page = visitor.get(path).text
    assert 'autocomplete="username webauthn"' in page
    assert here.ring.store.read(lambda connection: connection.scalar(count)) == before

    state = page.partition('name="state" value="')[2].partition('"')[0]
    for wrong in (state[:-1] + ("A" if state[-1] != "A" else "B"), "1.a.b", ".", "x" + state):
        assert visitor.post(f"{path}/passkey/answer", state=wrong, credential="{}").status == 403
    assert here.ring.store.read(lambda connection: connection.scalar(count)) == before
    assert here.events(id_of(here.sealed(to=(zoe,))))[0] == "sealed"
    assert visitor.post(f"{path}/passkey/answer", state=state, credential="{}").status == 403
    assert here.events(bytes.fromhex(path[3:])) == ["sealed", "failed"]  # offered, so it is told, and once
    assert visitor.post(f"{path}/passkey/answer", state=state, credential="{}").status == 403
    assert here.events(bytes.fromhex(path[3:])) == ["sealed", "failed"]
