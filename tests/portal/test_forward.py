"""Forwarding through a portal that runs: what is shown, who gets in, and every way around the interface."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from demo.sink import Sink
from demo.visitor import Answer, Visitor
from portal_place import Place, id_of, path_of, place
from postseal.language.language import Language
from postseal.language.texts import Texts
from postseal.locks import Locks
from postseal.replying.forwards import NOTE
from postseal.rights import OPTIONS, Right, Template
from postseal.store.containers import kept
from sealing import message

WORDS = "blue horse 17"
BOARD = Texts.of({Language.EN: "Board only"})
NOTED = "Dan, see line <3>.\nZoë"


@pytest.fixture(scope="module")
def running() -> Iterator[Place]:
    with ExitStack() as opened:
        inside = opened.enter_context(Sink())
        more = f"  replies: {{submit_to: 127.0.0.1:{inside.port}}}\n  forwards: {{recipients: 3, daily: 6}}\n"
        yield opened.enter_context(place(more=more))


@pytest.fixture
def here(running: Place) -> Place:
    running.sink.take(len(running.sink.deliveries))
    return running


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    return f"{re.sub('[^a-z]', '-', request.node.name.lower())[5:60]}@one.test"


def sealed(here: Place, to: str, *withheld: Right, lifetime: float | None = None) -> str:
    identity = f"<{datetime.now(UTC).timestamp()}@lab.test>"
    given = message(identity=identity)
    templates = (Template("board", OPTIONS["encrypt_only"].grants, name=BOARD),) if lifetime else ()
    mail = here.sealed(given, to=(to,), withheld=withheld, lifetime=lifetime, templates=templates)
    return path_of(mail)


def nonce(page: Answer) -> str:
    found = re.search(r'name="nonce" value="([0-9a-f]{32})"', page.text)
    assert found, page.text
    return found[1]


def forwarded(visitor: Visitor, path: str, to: str, note: str = "") -> Answer:
    given = nonce(visitor.get(f"{path}/forward"))
    return visitor.post(f"{path}/forward", nonce=given, to=to, note=note)


def reads(visitor: Visitor, path: str) -> bool:
    return "The numbers: 1, 2, 3." in visitor.get(f"{path}/body").text


def test_who_is_named_reads_with_a_sign_in_of_his_own_and_sees_the_note(here: Place, zoe: str) -> None:
    path, dan = sealed(here, zoe, Right.PRINT, lifetime=86400), f"dan-{zoe}"
    visitor = here.signed_in(path, zoe)
    assert f'href="{path}/forward"' in visitor.get(path).text

    answer = forwarded(visitor, path, f"<{dan}>", NOTED)

    assert (answer.status, answer.to) == (303, f"{path}/forwarded")
    assert "a mail that tells them so is on its way" in visitor.get(answer.to).text
    got = here.sink.take_one()
    assert got.addresses == (dan,)
    assert path.encode() in got.content
    assert f"You have forwarded it to: {dan}." in visitor.get(path).text
    other = here.signed_in(path, dan)
    assert reads(other, path)
    page = other.get(path).text
    assert f"{zoe} has forwarded this message to you" in page
    assert "Dan, see line &lt;3&gt;.<br>Zoë<br>" in page
    assert "<li>Printing</li>" in page
    assert "You can read it until" in page
    assert "Board only" in page
    assert other.get(f"{path}/message.eml").status == 403
    rows = here.ring.audit.of(bytes.fromhex(path[3:]))
    assert [(row.address, row.detail) for row in rows if row.event == "forwarded"] == [(zoe, f"to {dan}")]
    assert {row.address for row in rows if row.event == "shown"} == {dan}
    assert 'event="forwarded"' in here.portal.private("/metrics")[1]


def test_passphrase_holds_for_whom_it_was_forwarded_to(here: Place, zoe: str) -> None:
    mail = here.sealed(message(identity=f"<{zoe}>"), to=(zoe,), locks=Locks(WORDS))
    path, dan = path_of(mail), f"dan-{zoe}"
    visitor = here.signed_in(path, zoe)
    assert visitor.get(f"{path}/forward").to == path  # he has to type it first
    visitor.post(f"{path}/passphrase", passphrase=WORDS)
    assert forwarded(visitor, path, dan).status == 303
    here.sink.take_one()

    other = here.signed_in(path, dan)

    assert not reads(other, path)
    assert other.post(f"{path}/passphrase", passphrase=WORDS).to == path
    assert reads(other, path)


def test_whoever_has_only_the_mail_cannot_get_in(here: Place, zoe: str) -> None:
    path, dan = sealed(here, zoe), f"dan-{zoe}"
    forwarded(here.signed_in(path, zoe), path, dan)
    here.sink.take_one()

    stranger = here.visitor()
    stranger.get(path)
    assert stranger.post(f"{path}/address", address=f"eve-{zoe}").status == 303
    assert here.sink.is_quiet()
    assert stranger.post(f"{path}/code", code="00000000").status == 422
    assert not reads(stranger, path)


@pytest.mark.parametrize("withheld", [Right.FORWARD, Right.SAVE])
def test_forwarding_is_refused_by_the_server_where_it_is_withheld(
    here: Place, zoe: str, withheld: Right
) -> None:
    path, free = sealed(here, zoe, withheld), sealed(here, zoe)
    visitor = here.signed_in(path, zoe)
    status = 403 if withheld is Right.FORWARD else 200

    assert (f'href="{path}/forward"' in visitor.get(path).text) == (status == 200)
    assert visitor.get(f"{path}/forward").status == status
    if status == 403:
        sent = visitor.post(f"{path}/forward", nonce=nonce(visitor.get(f"{free}/forward")), to=f"dan-{zoe}")
        assert (sent.status, "cannot be forwarded" in sent.text) == (403, True)
        assert here.sink.is_quiet()
        assert "forwarded" not in here.events(bytes.fromhex(path[3:]))


def test_other_sessions_and_other_messages_forward_nothing(here: Place, zoe: str) -> None:
    path, foreign = sealed(here, zoe), sealed(here, f"amy-{zoe}")
    visitor, stranger = here.signed_in(path, zoe), here.visitor()
    given = nonce(visitor.get(f"{path}/forward"))

    for who, where in ((stranger, path), (visitor, foreign), (visitor, f"/m/{'0' * 32}")):
        sent = who.post(f"{where}/forward", nonce=given, to=f"dan-{zoe}")
        assert sent.status in {303, 404}
        assert sent.status == 404 or sent.to == where
    visitor.send = {**visitor.send, "Sec-Fetch-Site": "cross-site"}
    assert visitor.post(f"{path}/forward", nonce=given, to=f"dan-{zoe}").status == 403
    assert here.sink.is_quiet()
    for where in (path, foreign):
        assert "forwarded" not in here.events(bytes.fromhex(where[3:]))


def test_what_was_typed_comes_back_with_what_is_wrong(here: Place, zoe: str) -> None:
    path = sealed(here, zoe)
    visitor = here.signed_in(path, zoe)
    cases = {
        "no <b>address": "this is no mail address",
        zoe: "can read the message already",
        "": "Please write to whom",
        "a@x.test,b@x.test,c@x.test,d@x.test": "At most 3 addresses",
    }

    for typed, said in cases.items():
        answer = forwarded(visitor, path, typed, "my note")
        assert answer.status == 422
        assert said in answer.text
        assert ">\nmy note</textarea>" in answer.text
        assert "<b>address" not in answer.text
    assert forwarded(visitor, path, "a@x.test", "x" * (NOTE + 1)).status == 422
    assert visitor.post(f"{path}/forward", nonce="x", to="a@x.test").status == 422
    assert forwarded(visitor, path, "a@x.test,b@x.test,c@x.test").status == 303
    assert forwarded(visitor, path, "d@x.test,e@x.test,f@x.test").status == 303
    answer = forwarded(visitor, path, "g@x.test")
    assert "very many people today" in answer.text
    assert len(here.sink.take(6)) == 6


def test_page_from_the_file_forwards_the_file(here: Place, zoe: str) -> None:
    """The portal keeps no copy of it: what the browser has posted goes into the new mail."""
    mail = here.sealed(message(identity=f"<{zoe}>"), to=(zoe,))
    here.ring.containers.remove(kept(id_of(mail)))
    visitor = here.visitor()
    (part,) = [part for part in mail.walk() if part.get_filename() == "message.html"]
    path = visitor.post_file(part.get_content()).to
    assert visitor.post(f"{path}/address", address=zoe).status == 303
    visitor.post(f"{path}/code", code=here.code()[1])

    assert forwarded(visitor, path, f"dan-{zoe}").status == 303

    got = here.sink.take_one()
    assert b'filename="message.html"' in got.content
    assert reads(here.signed_in(f"/m/{id_of(mail).hex()}", f"dan-{zoe}"), f"/m/{id_of(mail).hex()}")
