"""What a sender asks for besides: a passphrase and a code by telephone, and everything around them tried."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.visitor import Visitor
from portal_place import Place, id_of, leftovers, path_of, place
from postseal.locks import Locks
from postseal.store.locks import TRIES
from providerserver import ProviderServer
from sealing import message

WORDS = "blue horse 17"
NUMBER = "+491701234567"
TEXT = "The numbers: 1, 2, 3."
RULES = """
sign_in:
  passphrases: true
  sms:
    url: ISSUER/messages
    senders: true
    certificate_authority: CERTIFICATE
"""


@dataclass
class Lab:
    here: Place
    server: ProviderServer

    def text(self) -> dict[str, str]:
        """The text message that comes next."""
        end = time.monotonic() + 60
        while not self.server.bodies:
            assert time.monotonic() < end, "no text message"
            time.sleep(0.02)
        found: dict[str, str] = json.loads(self.server.bodies.pop(0))
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("gateway")
    with ProviderServer(folder) as server:
        server.answers["/messages"] = lambda: (200, {})
        more = RULES.replace("ISSUER", server.issuer).replace("CERTIFICATE", str(server.certificate))
        with place(more=more) as running:
            yield Lab(running, server)


@pytest.fixture
def zoe(request: pytest.FixtureRequest) -> str:
    return f"{request.node.name[5:55].replace('_', '-')}@one.test"


def is_open(visitor: Visitor, path: str) -> bool:
    """Whether the message can be read; every way to it says the same."""
    answers = [visitor.get(f"{path}{way}") for way in ("/body", "/message.eml", "/attachment/1", "/reply")]
    shown = [TEXT in answer.text for answer in answers[:2]]
    assert shown[0] == shown[1]
    if not shown[0]:
        assert all(answer.status in {303, 403} for answer in answers)
        assert "secret quarter" not in visitor.get(path).text
    return shown[0]


def test_message_opens_to_who_knows_the_passphrase_and_reads_the_mailbox(lab: Lab, zoe: str) -> None:
    here = lab.here
    mail = here.sealed(to=(zoe, "cat@two.test"), locks=Locks(WORDS))
    path = path_of(mail)
    visitor = here.signed_in(path, zoe)

    page = visitor.get(path)
    assert "Type the passphrase" in page.text
    assert not is_open(visitor, path)
    assert visitor.post(f"{path}/passphrase", passphrase="another one").status == 422
    assert not is_open(visitor, path)
    assert visitor.post(f"{path}/passphrase", passphrase=" Blue  HORSE 17 ").to == path
    assert is_open(visitor, path)
    assert visitor.post(f"{path}/passphrase", passphrase=WORDS).to == path  # pressed twice
    done = [(row.event, row.detail) for row in here.ring.audit.of(id_of(mail)) if row.address == zoe]
    assert done[2:5] == [
        ("authenticated", "passcode"),
        ("failed", "passphrase"),
        ("authenticated", "passphrase"),
    ]
    said = here.portal.private("/metrics")[1]
    assert 'sign_ins_total{method="passphrase",provider="",result="good"}' in said


def test_passphrase_alone_opens_nothing(lab: Lab, zoe: str) -> None:
    path = path_of(lab.here.sealed(to=(zoe,), locks=Locks(WORDS)))
    stranger = lab.here.visitor()

    assert "passphrase" not in stranger.get(path).text.lower()
    assert stranger.post(f"{path}/passphrase", passphrase=WORDS).to == path
    assert not is_open(stranger, path)


def test_other_session_other_reader_and_other_message_stay_closed(lab: Lab, zoe: str) -> None:
    here = lab.here
    first = path_of(here.sealed(to=(zoe, f"cat.{zoe}"), locks=Locks(WORDS)))
    second = path_of(here.sealed(to=(zoe,), locks=Locks("green horse 18")))
    visitor = here.signed_in(first, zoe)
    visitor.post(f"{first}/passphrase", passphrase=WORDS)

    assert is_open(visitor, first)
    assert not is_open(visitor, second)
    assert visitor.post(f"{second}/passphrase", passphrase=WORDS).status == 422
    assert not is_open(here.signed_in(first, zoe), first)
    assert not is_open(here.signed_in(first, f"cat.{zoe}"), first)


def test_guesses_end_and_the_right_one_comes_too_late(lab: Lab, zoe: str) -> None:
    path = path_of(lab.here.sealed(to=(zoe,), locks=Locks(WORDS)))
    visitor = lab.here.signed_in(path, zoe)
    statuses = [visitor.post(f"{path}/passphrase", passphrase=f"guess {n}").status for n in range(TRIES)]

    assert statuses == [422] * TRIES
    answer = visitor.post(f"{path}/passphrase", passphrase=WORDS)
    assert answer.status == 429
    assert "too many attempts" in answer.text
    assert not is_open(visitor, path)
    again = lab.here.signed_in(path, zoe)  # nor does a new session give more
    assert again.post(f"{path}/passphrase", passphrase=WORDS).status == 429


def test_telephone_opens_this_message_after_the_mailbox_and_no_other(lab: Lab, zoe: str) -> None:
    here = lab.here
    mail = here.sealed(to=(zoe,), locks=Locks("", ((zoe, NUMBER),)))
    path = path_of(mail)
    visitor = here.signed_in(path, zoe)

    page = visitor.get(path)
    assert "ending in 67" in page.text
    assert NUMBER not in page.text
    assert not is_open(visitor, path)
    assert visitor.post(f"{path}/telephone/code", code="12345678").status == 422
    assert visitor.post(f"{path}/telephone").to == path
    text = lab.text()
    assert text["to"] == NUMBER
    found = re.search(r"\b(\d{4}) (\d{4})\b", text["text"])
    assert found
    wrong = f"{(int(found[1] + found[2]) + 1) % 10**8:08}"
    assert visitor.post(f"{path}/telephone/code", code=wrong).status == 422
    assert not is_open(visitor, path)
    assert here.visitor().post(f"{path}/telephone/code", code=found[0]).to == path  # a stranger's: signed out
    assert visitor.post(f"{path}/telephone/code", code=found[0]).to == path
    assert is_open(visitor, path)
    assert visitor.post(f"{path}/telephone/code", code=found[0]).to == path  # pressed twice
    details = [row.detail for row in here.ring.audit.of(id_of(mail)) if row.event == "authenticated"]
    assert details == ["passcode", "telephone"]
    assert here.sink.is_quiet()
    # Whoever can name a telephone must not become its reader for what others have sent.
    other = path_of(here.sealed(to=(zoe,)))
    stranger = here.visitor()
    stranger.post(f"{other}/address", address=zoe)
    assert here.code()
    assert not lab.server.bodies


def test_code_by_mail_does_not_do_for_one_by_telephone_nor_the_other_way_round(lab: Lab, zoe: str) -> None:
    here = lab.here
    path = path_of(here.sealed(to=(zoe,), locks=Locks("", ((zoe, NUMBER),))))
    visitor = here.signed_in(path, zoe)
    visitor.post(f"{path}/address", address=zoe)
    by_mail = here.code()[1]
    assert visitor.post(f"{path}/telephone/code", code=by_mail).status == 422
    assert not is_open(visitor, path)
    assert visitor.post(f"{path}/telephone").to == path
    found = re.search(r"\b(\d{4}) (\d{4})\b", lab.text()["text"])
    assert found

    assert visitor.post(f"{path}/code", code=found[0]).status == 422
    assert visitor.post(f"{path}/code", code=by_mail).to == path  # he signs in once more
    assert not is_open(visitor, path)


def test_passphrase_comes_before_the_telephone(lab: Lab, zoe: str) -> None:
    path = path_of(lab.here.sealed(to=(zoe,), locks=Locks(WORDS, ((zoe, NUMBER),))))
    visitor = lab.here.signed_in(path, zoe)

    assert "Type the passphrase" in visitor.get(path).text
    visitor.post(f"{path}/passphrase", passphrase=WORDS)
    assert "A code by telephone" in visitor.get(path).text
    assert not is_open(visitor, path)


def test_reply_to_a_locked_message_quotes_nothing(lab: Lab, zoe: str) -> None:
    path = path_of(lab.here.sealed(to=(zoe,), locks=Locks(WORDS)))
    visitor = lab.here.signed_in(path, zoe)
    visitor.post(f"{path}/passphrase", passphrase=WORDS)

    assert "Add the text of the message" not in visitor.get(f"{path}/reply").text


def test_same_message_without_the_passphrase_is_another_one(lab: Lab, zoe: str) -> None:
    """Sent again with one, it must not be taken for the first try."""
    given = message(identity=f"<{zoe}@lab.test>")
    paths = [
        path_of(lab.here.sealed(given, to=(zoe,), locks=locks))
        for locks in (Locks(), Locks(WORDS), Locks(WORDS), Locks("green horse 18"))
    ]

    assert len(set(paths)) == 3
    assert paths[1] == paths[2]


def test_nothing_is_left_of_it_in_clear(lab: Lab, zoe: str) -> None:
    path = path_of(lab.here.sealed(to=(zoe,), locks=Locks("purple walrus 99", ((zoe, "+499998887776"),))))
    visitor = lab.here.signed_in(path, zoe)
    visitor.post(f"{path}/passphrase", passphrase="purple walrus 99")
    visitor.post(f"{path}/telephone")
    lab.text()

    directory: Path = lab.here.portal.settings_file.parent
    everything = [*leftovers(directory), lab.here.portal.private("/metrics")[1].encode()]
    assert not [octets for octets in everything if b"walrus" in octets or b"99998887776" in octets]
