"""How administrators come in, and who does not."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from admin_place import ANN, REV, Office
from demo.visitor import Answer, Visitor
from postseal.store.schema_administrators import administrator_sessions


def came_back(at: Office, **claims: object) -> tuple[Answer, str]:
    """What somebody with these *claims* is answered, and the page that he sees then."""
    visitor = at.visitor()
    answer = at.came_back(visitor, **claims)
    return answer, visitor.get("/").text if answer.status == 303 else answer.text


def test_page_offers_the_providers_that_are_trusted_and_no_code_by_mail(at: Office) -> None:
    visitor = at.visitor()
    assert visitor.get("/").to == "/sign-in"
    page = visitor.get("/sign-in").text

    assert "Sign in with Lab" in page
    assert "Sign in with Other" not in page
    assert 'type="email"' not in page
    for path in ("/sign-in/other", "/sign-in/passcode", "/account/other"):
        assert visitor.post(path).status in {404, 405}
    assert at.here.sink.is_quiet()


def test_account_signs_in_whom_the_settings_name(at: Office) -> None:
    visitor = at.visitor()
    visitor.get("/sign-in")
    planted = replace(visitor)
    answer = at.came_back(visitor, email=ANN.upper())

    assert (answer.status, answer.to) == (303, "/")
    assert "(admin)" in visitor.get("/").text
    assert visitor.cookie != planted.cookie
    assert planted.get("/").to == "/sign-in"
    assert at.acts()[-1] == f"{ANN} signed in: oidc lab, admin"


def test_group_that_the_provider_names_gives_its_role(at: Office) -> None:
    answer, page = came_back(at, email="new@lab.test", groups=["staff", "helpdesk"])

    assert answer.to == "/"
    assert "new@lab.test (support)" in page


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email": "new@lab.test"}, "no_role"),
        ({"email": "new@lab.test", "groups": ["staff"]}, "no_role"),
        ({"email": "new@lab.test", "groups": "helpdes"}, "no_role"),
        ({"email": "new@lab.test", "groups": {"helpdesk": 1}}, "no_role"),
        ({"email": "group:helpdesk@lab.test"}, "no_address"),
        ({"email": ANN, "email_verified": False}, "unverified"),
        ({"email": ANN, "aud": "somebody"}, "audience"),
        ({"email": ANN, "nonce": "other"}, "nonce"),
        ({"email": ANN, "iss": "https://evil.test"}, "issuer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_account_that_proves_too_little_is_refused_with_one_page(
    at: Office, claims: dict[str, object], reason: str
) -> None:
    answer, page = came_back(at, **claims)

    assert answer.status == 403
    assert "That did not let you in" in page
    assert at.refusals()[0] == f"administrators: lab: {reason}"


def test_answer_of_a_provider_is_good_in_the_browser_that_asked(at: Office) -> None:
    other = at.visitor()
    at.server.claims = {"email": ANN}
    url = at.begun(at.visitor())

    assert at.arrived(other, url).status == 403
    assert other.get("/").to == "/sign-in"


def test_sign_in_that_readers_began_is_none_here(at: Office) -> None:
    """The same provider serves both; what comes back to one is worth nothing to the other."""
    mail = at.here.sealed(to=(ANN,))
    path = "/m/" + re.findall("/m/([0-9a-f]{32})", mail.as_string())[0]
    reader = at.here.visitor()
    at.server.claims = {"email": ANN}
    url = at.reader_left(reader, path)
    here = at.visitor()
    here.cookie = reader.cookie

    assert at.arrived(here, url).status == 403


def test_link_is_good_once_and_looking_at_it_spends_nothing(at: Office) -> None:
    path = at.link(REV)
    for _ in range(2):
        assert "It is good once." in at.visitor().get(path).text
    visitor = at.visitor()

    assert visitor.post(path).to == "/"
    assert "(auditor)" in visitor.get("/").text
    assert at.visitor().post(path).status == 403
    assert at.acts()[-2:] == [
        f"{REV} a link was made on the host, auditor",
        f"{REV} signed in: link, auditor",
    ]


def test_word_of_a_link_is_no_cookie_and_a_cookie_no_link(at: Office) -> None:
    word = at.link(ANN).rpartition("/")[2]
    visitor = at.visitor()
    visitor.cookie = word
    assert visitor.get("/keys").to == "/sign-in"

    admin = at.signed_in("admin")
    assert at.visitor().post(f"/enter/{admin.cookie}").status == 403
    assert admin.get("/keys").status == 200


def test_link_ends_after_a_quarter_of_an_hour(at: Office) -> None:
    path = at.link(ANN)
    _age(at, minutes=15)

    assert at.visitor().post(path).status == 403


def test_nobody_without_a_role_gets_a_link(at: Office) -> None:
    assert "has no role" in at.command("admin", "link", "new@lab.test", code=1)
    assert "has no role" in at.command("admin", "link", "group:helpdesk", code=1)


def _age(at: Office, *, minutes: int) -> None:
    """Make all sessions and links older."""
    columns, earlier = administrator_sessions.c, timedelta(minutes=minutes)
    rows = at.here.ring.store.read(
        lambda connection: connection.execute(administrator_sessions.select()).all()
    )
    for row in rows:
        values = {name: getattr(row, name) - earlier for name in ("since", "seen", "until")}
        change = update(administrator_sessions).where(columns.id == row.id).values(values)
        at.here.ring.store.write(lambda connection, change=change: connection.execute(change))


def test_session_ends_without_use(at: Office) -> None:
    admin = at.signed_in("admin")
    assert admin.get("/keys").status == 200
    _age(at, minutes=16)

    assert admin.get("/keys").to == "/sign-in"


def test_change_needs_a_fresh_sign_in(at: Office) -> None:
    """Somebody left his browser open: whoever finds it may look for a while, and change nothing."""
    mail = at.here.sealed(to=("bob@one.test",))
    id_ = re.findall("/m/([0-9a-f]{32})", mail.as_string())[0]
    admin = at.signed_in("admin")
    now, since = datetime.now(UTC), datetime.now(UTC) - timedelta(hours=1, minutes=1)
    change = update(administrator_sessions).where(administrator_sessions.c.address == ANN)
    at.here.ring.store.write(lambda connection: connection.execute(change.values(since=since, seen=now)))

    assert admin.get(f"/messages/{id_}").status == 200
    answer = admin.post(f"/messages/{id_}/revoke")
    assert answer.status == 403
    assert "too long ago" in answer.text
    known = at.here.ring.messages.of(bytes.fromhex(id_))
    assert known
    assert known.recipients[0].readable(now)


def test_sign_out_ends_the_session_and_the_browser_forgets(at: Office) -> None:
    admin = at.signed_in("admin")
    before = replace(admin)
    answer = admin.post("/out")

    assert "You have signed out" in answer.text
    assert answer.fields["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert before.get("/keys").to == "/sign-in"


def test_page_answers_at_its_own_address_alone(at: Office) -> None:
    visitor = at.visitor()
    for host in ("evil.test", f"127.0.0.1:{at.page.port}", f"localhost:{at.here.portal.port}"):
        assert visitor.get("/", Host=host).status == 421
    assert visitor.get("/sign-in").fields["Content-Security-Policy"].startswith("default-src 'none'")


def test_neither_log_nor_audit_tells_a_cookie_or_a_link(at: Office) -> None:
    path = at.link(ANN)
    admin = at.visitor()
    admin.post(path)
    admin.get("/messages?sender=ann@lab.test")

    log = at.page.log()
    assert "event=admin_ready" in log
    assert 'route="/enter/{word}"' in log
    for secret in (path.rpartition("/")[2], admin.cookie):
        assert secret not in log
        assert not any(secret in row.detail for row in at.here.ring.audit.every())


def test_stranger_fills_neither_audit_nor_sessions(at: Office) -> None:
    def rows() -> tuple[int, int]:
        sessions = at.here.ring.store.read(
            lambda connection: len(connection.execute(administrator_sessions.select()).all())
        )
        return len(at.refusals()), sessions

    stranger = at.visitor()
    for _ in range(20):  # as many as one browser may begin in an hour
        assert stranger.post("/sign-in/lab").status == 200
    assert stranger.post("/sign-in/lab").status == 429
    assert stranger.get("/account/lab?state=none").status == 403  # spoils what was begun, and is told once
    before = rows()
    for path in ("/enter/none", "/passkey/answer"):
        assert [stranger.post(path).status for _ in range(3)] == [403] * 3
    assert [stranger.get("/account/lab?state=none&code=none").status for _ in range(3)] == [403] * 3
    assert rows() == before
    for _ in range(4):  # 100 from one network
        browser = Visitor(stranger.port, send=stranger.send, name=stranger.name)
        assert [browser.post("/sign-in/lab").status for _ in range(20)] == [200] * 20
    before = rows()
    for _ in range(3):
        assert Visitor(stranger.port, send=stranger.send, name=stranger.name).post("/passkey").status == 429
    assert rows() == before
