"""Who may go where: every route of the page, tried directly by everybody."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.routing import Mount

from admin_place import Office
from demo.visitor import Answer, Visitor
from postseal.administering.app import WAYS

ROLES = ("nobody", "reader", "auditor", "support", "admin")
ALL, AUDITOR, SUPPORT, ADMIN = 0, 2, 3, 4
LEAST = {
    "GET /": ALL,
    "GET /robots.txt": ALL,
    "GET /branding/{word}.css": ALL,
    "POST /language": ALL,
    "GET /sign-in": ALL,
    "POST /sign-in/{provider}": ALL,
    "GET /account/{provider}": ALL,
    "GET /enter/{word}": ALL,
    "POST /enter/{word}": ALL,
    "POST /out": ALL,
    "POST /passkey": ALL,
    "POST /passkey/answer": ALL,
    "GET /passkeys": AUDITOR,
    "POST /passkeys/make": AUDITOR,
    "POST /passkeys/add": AUDITOR,
    "POST /passkeys/remove": AUDITOR,
    "GET /messages": AUDITOR,
    "GET /messages/{message}": AUDITOR,
    "POST /messages/{message}/revoke": SUPPORT,
    "POST /messages/{message}/restore": SUPPORT,
    "POST /messages/{message}/extend": SUPPORT,
    "GET /people": SUPPORT,
    "POST /people/end": SUPPORT,
    "GET /audit": AUDITOR,
    "GET /audit/check": AUDITOR,
    "GET /audit/export": AUDITOR,
    "GET /keys": ADMIN,
    "GET /brandings": ADMIN,
    "GET /brandings/{word}": ADMIN,
    "GET /brandings/{word}/{page}": ADMIN,
    "GET /replies": ADMIN,
    "POST /replies/retry": ADMIN,
}
"""The least role of each route, as the documentation says: not read from the code."""

CLOSED = [way for way, least in LEAST.items() if least]


@pytest.fixture(scope="module")
def visitors(open_office: Office) -> Iterator[dict[str, Visitor]]:
    """Somebody of each role; the reader shows here the cookie that he has in the portal."""
    here = open_office.here
    path = "/m/" + here.sealed(to=("reader@one.test",)).as_string().partition("/m/")[2][:32]
    cookie = here.signed_in(path, "reader@one.test").cookie
    found = {role: open_office.signed_in(role) for role in ROLES if role != "reader"}
    found["reader"] = open_office.visitor()
    found["reader"].cookie = cookie
    return found


def tried(visitor: Visitor, way: str, message: str) -> Answer:
    method, _, path = way.partition(" ")
    words = {"{message}": message, "{word}": "default", "{page}": "help", "{provider}": "none"}
    for name, word in words.items():
        path = path.replace(name, word)
    form = {"until": "2099-01-01", "address": "nobody@one.test"}
    if method == "GET":
        return visitor.get(path)
    kept = {
        name: text
        for name, text in form.items()
        if name == {"extend": "until", "end": "address"}.get(path.rpartition("/")[2])
    }
    return visitor.post(path, **kept)


def test_every_route_is_in_the_table_and_the_table_is_the_code_s() -> None:
    """A new route must be added here, by somebody who thinks about who may go there."""
    assert {f"{way.method} {way.path}" for way in WAYS} == set(LEAST)


def test_application_serves_the_ways_and_static_files_and_nothing_else(at: Office) -> None:
    from postseal.administering.app import app  # noqa: PLC0415
    from postseal.administering.desk import Desk  # noqa: PLC0415

    routes = app(Desk.__new__(Desk))._inner.routes  # type: ignore[attr-defined] # what the door keeps

    served = {
        f"{min(route.methods - {'HEAD'})} {route.path}" for route in routes if not isinstance(route, Mount)
    }
    assert served == set(LEAST)
    assert [route.path for route in routes if isinstance(route, Mount)] == ["/static"]


@pytest.mark.parametrize("way", CLOSED)
def test_each_role_gets_where_it_may_and_nowhere_else(
    at: Office, visitors: dict[str, Visitor], way: str
) -> None:
    message = at.here.sealed(to=("bob@one.test", "cat@two.test"))
    id_ = message.as_string().partition("/m/")[2][:32]
    before = at.here.ring.messages.of(bytes.fromhex(id_))
    assert before

    for number, role in enumerate(ROLES):
        answer = tried(visitors[role], way, id_)
        if number < LEAST[way]:
            signed_out = answer.status == 303 and answer.to == "/sign-in" and way.startswith("GET")
            assert answer.status == 403 or (signed_out and number < AUDITOR), role
            known = at.here.ring.messages.of(bytes.fromhex(id_))
            assert known
            assert known.recipients == before.recipients, role
        else:
            # A passkey that nobody has made is not taken, whoever brings it.
            good = {422} if way.endswith("/add") else {200, 303}
            assert answer.status in good, role + at.page.log()[-2000:]
            assert answer.to != "/sign-in", role


@pytest.mark.parametrize("way", [way for way in LEAST if way.startswith("POST") and LEAST[way]])
def test_no_other_site_does_anything(at: Office, visitors: dict[str, Visitor], way: str) -> None:
    admin = visitors["admin"]
    mine = replace(admin, send={"Sec-Fetch-Site": "cross-site"})
    silent = replace(admin, send={})
    acts = at.acts()

    assert tried(mine, way, "0" * 32).status == 403
    assert tried(silent, way, "0" * 32).status == 403  # nor without the token, where the browser is old
    assert at.acts() == acts


def test_who_tries_more_than_he_may_is_in_the_audit(at: Office, visitors: dict[str, Visitor]) -> None:
    visitors["auditor"].post(f"/messages/{'0' * 32}/revoke")

    who, _, said = at.refusals()[0].partition(" ")
    assert who == "rev@lab.test"
    assert said.startswith("session=")
    assert said.endswith("refused: revoke is for support")
