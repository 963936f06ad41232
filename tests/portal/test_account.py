"""Signing in with an account elsewhere, against a provider that says what it likes."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from demo.visitor import Answer, Visitor
from portal_account import arrive, leave, provider_settings
from portal_place import Place, id_of, path_of, place
from providerserver import SECRET, ProviderServer

NOW = int(time.time())


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Place, ProviderServer]]:
    with (
        ProviderServer(tmp_path_factory.mktemp("provider")) as server,
        place(more=provider_settings(server, "lab", "other")) as here,
    ):
        yield here, server


@pytest.fixture
def here(running: tuple[Place, ProviderServer]) -> Place:
    return running[0]


@pytest.fixture
def server(running: tuple[Place, ProviderServer]) -> Iterator[ProviderServer]:
    server = running[1]
    good = server.sign
    yield server
    server.claims, server.about, server.sign = {}, {}, good
    server.answers.clear()


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    """An address that no other test uses."""
    return f"{re.sub('[^a-z]+', '-', request.node.name.lower())[:50]}{id(request)}@one.test"


def details(here: Place, path: str) -> list[str]:
    return [row.detail for row in here.ring.audit.of(bytes.fromhex(path.removeprefix("/m/")))][1:]


def metric(here: Place, **labels: str) -> float:
    text = here.portal.private("/metrics")[1]
    wanted = ",".join(f'{name}="{value}"' for name, value in labels.items())
    found = re.search(rf"^postseal_portal_sign_ins_total{{{re.escape(wanted)}}} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_reader_signs_in_with_his_account_and_gets_a_new_cookie(
    here: Place, server: ProviderServer, zoe: str
) -> None:
    mail = here.sealed(to=(zoe,))
    path = path_of(mail)
    server.claims["email"] = zoe.upper()
    visitor = here.visitor()
    before = metric(here, method="oidc", provider="lab", result="good")

    assert "Sign in with Lab" in visitor.get(path).text
    url = leave(visitor, path)
    planted = replace(visitor)
    answer = arrive(visitor, server, url)

    assert (answer.status, answer.to) == (303, path)
    assert visitor.cookie != planted.cookie
    assert "The numbers: 1, 2, 3." in visitor.get(f"{path}/body").text
    assert planted.get(f"{path}/body").status == 403
    assert here.events(id_of(mail)) == ["sealed", "authenticated", "shown"]
    assert details(here, path)[0] == "oidc lab"
    assert metric(here, method="oidc", provider="lab", result="good") == before + 1


def test_form_ends_on_the_portal_and_the_page_goes_on(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    answer = visitor.post(f"{path}/account/lab")

    assert answer.status == 200
    assert "form-action 'self'" in answer.fields["Content-Security-Policy"]
    assert answer.fields["Referrer-Policy"] == "same-origin"
    asked = parse_qs(urlsplit(leave(visitor, path)).query)
    assert asked["redirect_uri"] == [f"{here.portal.address}/account/lab"]
    assert path not in str(asked)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_begins_nothing(here: Place, server: ProviderServer, zoe: str, method: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    asked = len(server.asked)

    assert visitor.ask(method, f"{path}/account/lab").status == 405
    assert visitor.ask(method, "/account/lab").status == 303
    assert visitor.ask(method, "/account/nobody").status == 404
    assert visitor.post(f"{path}/account/nobody").status == 404
    assert replace(visitor, send={"Sec-Fetch-Site": "cross-site"}).post(f"{path}/account/lab").status == 403
    assert len(server.asked) == asked
    assert details(here, path) == []


REFUSED = [
    ({"iss": "https://evil.test"}, "issuer"),
    ({"aud": "somebody-else"}, "audience"),
    ({"nonce": "another"}, "nonce"),
    ({"exp": NOW - 3600}, "expired"),
    ({"email_verified": False}, "unverified"),
    ({"email": "somebody@else.test"}, "recipient"),
    ({"email": "zoe@one.test@evil.test"}, "no_address"),
    ({"email": None}, "no_address"),
]


@pytest.mark.parametrize(("claims", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_wrong_proof_is_refused_with_the_same_page_and_a_row_in_the_audit(
    here: Place, server: ProviderServer, zoe: str, claims: dict[str, object], reason: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims = {"email": zoe, **claims}
    visitor = here.visitor()
    before = metric(here, method="oidc", provider="lab", result=reason)
    answer = arrive(visitor, server, leave(visitor, path))

    _refused(here, visitor, path, answer)
    assert details(here, path) == [f"oidc lab: {reason}"]
    assert metric(here, method="oidc", provider="lab", result=reason) == before + 1


def _refused(here: Place, visitor: Visitor, path: str, answer: Answer) -> None:
    assert (answer.status, answer.to) == (303, f"{path}/account")
    page = visitor.get(answer.to)
    assert page.status == 403
    assert "Signing in with that account did not open this message." in page.text
    assert visitor.get(f"{path}/body").status == 403
    assert here.events(bytes.fromhex(path.removeprefix("/m/"))) == ["sealed", "failed"]


def test_forged_signature_is_refused(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    server.sign = lambda _: "eyJhbGciOiJub25lIn0.e30."
    visitor = here.visitor()

    _refused(here, visitor, path, arrive(visitor, server, leave(visitor, path)))
    assert details(here, path) == ["oidc lab: signature"]


def test_page_is_the_same_whatever_was_wrong(here: Place, server: ProviderServer, zoe: str) -> None:
    """Whoever the message was sent to, it is for him that signs in to find out."""
    path = path_of(here.sealed(to=(zoe,)))
    pages = set()
    for claims in ({"email": "somebody@else.test"}, {"email": zoe, "email_verified": False}, {"email": None}):
        server.claims = dict(claims)
        visitor = here.visitor()
        answer = arrive(visitor, server, leave(visitor, path))
        pages.add(re.sub(r'name="token" value="\w+"', "", visitor.get(answer.to).text))

    assert len(pages) == 1
    assert zoe not in pages.pop()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"iss": "https://evil.test"}, "issuer"),
        ({"code": "made-up"}, "code"),
        ({"code": "", "error": "access_denied"}, "denied"),
        ({"code": ""}, "denied"),
    ],
    ids=["mix-up", "made-up", "denied", "without"],
)
def test_wrong_answer_is_refused(
    here: Place, server: ProviderServer, zoe: str, more: dict[str, str], reason: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()

    _refused(here, visitor, path, arrive(visitor, server, leave(visitor, path), **more))
    assert details(here, path) == [f"oidc lab: {reason}"]


def test_wrong_state_is_refused_and_spoils_what_was_begun(
    here: Place, server: ProviderServer, zoe: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()
    url = leave(visitor, path)
    redeemed = server.asked.count("/token")

    for _ in range(2):
        answer = arrive(visitor, server, url, state="s" * 43)
        assert (answer.status, answer.to) == (303, "/account")
    assert visitor.get("/account").status == 403
    assert arrive(visitor, server, url).to == "/account"
    assert details(here, path) == ["oidc lab: state"]
    assert server.asked.count("/token") == redeemed


def test_answer_of_another_browser_is_refused(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    url = leave(here.visitor(), path)
    stranger, beginner = here.visitor(), here.visitor()
    leave(beginner, path)

    assert arrive(stranger, server, url).to == "/account"
    assert arrive(beginner, server, url).to == "/account"
    assert stranger.get(f"{path}/body").status == 403
    assert details(here, path) == ["oidc lab: state"]


def test_answer_at_another_provider_s_place_is_refused(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()
    url = leave(visitor, path, "other")

    assert arrive(visitor, server, url).to == "/account"
    assert details(here, path) == ["oidc lab: state"]


def test_answer_is_good_once(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()
    url = leave(visitor, path)
    state, code = parse_qs(urlsplit(url).query)["state"][0], server.code(url)
    before = replace(visitor)

    assert visitor.get(f"/account/lab?code={code}&state={state}").to == path
    assert visitor.get(f"/account/lab?code={code}&state={state}").to == "/account"
    assert before.get(f"/account/lab?code={code}&state={state}").to == "/account"


def test_provider_that_is_away_is_one_page(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()
    url = leave(visitor, path)
    server.answers["/token"] = lambda: (503, {})

    _refused(here, visitor, path, arrive(visitor, server, url))
    assert details(here, path) == ["oidc lab: unreachable"]
    time.sleep(11)  # it is left alone for ten seconds


def test_one_browser_begins_no_more_than_twenty_an_hour(
    here: Place, server: ProviderServer, zoe: str
) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    visitor = here.visitor()
    answers = [visitor.post(f"{path}/account/lab").status for _ in range(21)]

    assert answers == [200] * 20 + [429]


def test_neither_log_nor_metrics_tell_of_anybody(here: Place, server: ProviderServer, zoe: str) -> None:
    path = path_of(here.sealed(to=(zoe,)))
    server.claims["email"] = zoe
    visitor = here.visitor()
    url = leave(visitor, path)
    state, code = parse_qs(urlsplit(url).query)["state"][0], server.code(url)
    assert visitor.get(f"/account/lab?code={code}&state={state}").to == path
    stranger = here.visitor()
    server.claims["email"] = "somebody@else.test"
    arrive(stranger, server, leave(stranger, path))

    told = here.portal.log() + here.portal.private("/metrics")[1]
    assert "event=sign_in_refused method=oidc provider=lab why=recipient" in told
    for secret in (state, code, quote(code), visitor.cookie, "somebody@else.test", SECRET):
        assert secret not in told
    assert zoe not in here.portal.private("/metrics")[1]


def test_methods_are_what_the_settings_say(server: ProviderServer, tmp_path: Path) -> None:
    only = provider_settings(server, "lab").replace("sign_in:\n", "sign_in:\n  passcode: false\n")
    with place(more=only) as here:
        path = path_of(here.sealed(to=("zoe@one.test",)))
        visitor = here.visitor()
        page = visitor.get(path).text

        assert "Sign in with Lab" in page
        assert 'name="address"' not in page
        assert visitor.post(f"{path}/address", address="zoe@one.test").status == 404
        assert here.sink.is_quiet()
        server.claims["email"] = "zoe@one.test"
        assert arrive(visitor, server, leave(visitor, path)).to == path
