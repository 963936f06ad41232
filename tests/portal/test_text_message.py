"""Codes by text message, through a gateway on loopback."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from portal_place import Place, id_of, path_of, place
from postseal.errors import BadInput
from postseal.portal.telephone import Telephones, Unsent
from postseal.settings.sms import Format, Sms
from providerserver import ProviderServer

SECRET = "Bearer s3cret"


@dataclass
class Gateway:
    """A server that takes text messages, and what it has taken."""

    server: ProviderServer
    numbers: Path

    @property
    def settings(self) -> str:
        secret = self.server.folder / "sms.secret"
        secret.write_text(SECRET)
        return (
            f"sign_in:\n  sms:\n    url: {self.server.issuer}/messages\n    numbers: {self.numbers}\n"
            f"    authorization: file:{secret}\n    certificate_authority: {self.server.certificate}\n"
        )

    def text(self, seconds: float = 30) -> dict[str, str]:
        """The text message that comes next."""
        end = time.monotonic() + seconds
        while not self.server.bodies:
            assert time.monotonic() < end, "no text message"
            time.sleep(0.02)
        found: dict[str, str] = json.loads(self.server.bodies.pop(0))
        return found


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("gateway")
    with ProviderServer(folder) as server:
        server.answers["/messages"] = lambda: (200, {})
        numbers = folder / "numbers.yaml"
        numbers.write_text("Zoe@one.test: '+49 (170) 123-4567'\n")
        yield Gateway(server, numbers)


@pytest.fixture(scope="module")
def here(gateway: Gateway) -> Iterator[Place]:
    with place(more=gateway.settings) as running:
        yield running


def test_code_goes_to_the_telephone_and_never_by_mail(here: Place, gateway: Gateway) -> None:
    mail = here.sealed(to=("zoe@one.test",))
    path = path_of(mail)
    visitor = here.visitor()
    assert visitor.post(f"{path}/address", address="ZOE@one.test").status == 303

    text = gateway.text()
    (first, second, last) = re.findall(r"\d{4} \d{4}|\([A-Z]{4}\)|@localhost #\d{8}$", text["text"])
    assert text["to"] == "+491701234567"
    assert gateway.server.authorizations[-1] == SECRET
    assert second.strip("()") in visitor.get(path).text
    assert last == f"@localhost #{first.replace(' ', '')}"
    assert "ann@lab.test" in text["text"]
    assert visitor.post(f"{path}/code", code=first).to == path
    assert "The numbers: 1, 2, 3." in visitor.get(f"{path}/body").text
    assert here.sink.is_quiet()
    assert here.events(id_of(mail))[:3] == ["sealed", "code_sent", "authenticated"]
    assert [row.detail for row in here.ring.audit.of(id_of(mail)) if row.event == "code_sent"] == ["sms"]
    assert 'passcode_texts_total{result="accepted"} 1.0' in here.portal.private("/metrics")[1]
    assert first not in here.portal.log()
    assert "491701234567" not in here.portal.log() + here.portal.private("/metrics")[1]


def test_page_is_the_same_for_every_address(here: Place, gateway: Gateway) -> None:
    """With a number, without one, and with none but the wish to know."""
    path = path_of(here.sealed(to=("zoe@one.test", "cat@two.test")))
    pages = set()
    for who in ("zoe@one.test", "cat@two.test", "max@one.test"):
        visitor = here.visitor()
        visitor.post(f"{path}/address", address=who)
        page = visitor.get(path).text.replace(who, "WHO")
        page = re.sub(r'name="token" value="\w+"|<dd>[A-Z]{4}</dd>|<time.*?</time>', "", page)
        pages.add(page)

    assert len(pages) == 1
    assert gateway.text()["to"] == "+491701234567"
    here.code()
    assert not gateway.server.bodies
    assert here.sink.is_quiet()


def test_gateway_that_is_away_is_tried_again(here: Place, gateway: Gateway) -> None:
    answers = iter([(503, {}), (200, {})])
    gateway.server.answers["/messages"] = lambda: next(answers)
    path = path_of(here.sealed(to=("zoe@one.test",)))
    visitor = here.visitor()
    visitor.post(f"{path}/address", address="zoe@one.test")

    first, second = gateway.text(), gateway.text()
    gateway.server.answers["/messages"] = lambda: (200, {})
    assert first == second
    assert here.sink.is_quiet()


@pytest.fixture
def sms(gateway: Gateway) -> Sms:
    return Sms(
        url=f"{gateway.server.issuer}/messages",
        numbers=gateway.numbers,
        certificate_authority=gateway.server.certificate,
        timeout=2.0,
    )


def test_form_is_filled_in_and_escaped(sms: Sms) -> None:
    form = Sms(sms.url, sms.numbers, "To={number}&Body={text}", Format.FORM)
    text = 'a "quoted" & {number}\nline'

    assert parse_qs(form.filled("+491", text).decode()) == {"To": ["+491"], "Body": [text]}
    assert json.loads(sms.filled("+491", text)) == {"to": "+491", "text": text}


@pytest.mark.parametrize(("status", "final"), [(400, True), (404, True), (503, False), (302, False)])
def test_refusal_is_final_or_not(gateway: Gateway, sms: Sms, status: int, *, final: bool) -> None:
    gateway.server.answers["/messages"] = lambda: (status, "/elsewhere")
    with pytest.raises(Unsent) as caught:
        Telephones(sms).send("+491", "code")

    assert caught.value.final is final
    assert "/elsewhere" not in gateway.server.asked
    gateway.server.answers["/messages"] = lambda: (200, {})
    gateway.server.bodies.clear()


def test_numbers_are_read_again_and_bad_ones_change_nothing(
    gateway: Gateway, sms: Sms, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    before = gateway.numbers.read_text()
    telephones = Telephones(sms, clock=lambda: now[0])
    assert (telephones.of("zoe@one.test"), telephones.of("cat@two.test")) == ("+491701234567", "")

    for written, expected in (
        ("cat@two.test: 0170 1234567\n", ""),
        ("cat@two.test: '+49 170 7654321'\nCat@two.test: '+49 170 7654322'\n", ""),
        ("cat@two.test: '+49 170 7654321'\n", "+491707654321"),
    ):
        gateway.numbers.write_text(written)
        now[0] += 6
        assert telephones.of("cat@two.test") == expected
    gateway.numbers.write_text(before)
    assert [record.message.count("numbers_not_read") for record in caplog.records] == [1, 1]


@pytest.mark.parametrize("written", ["zoe@one.test: '1'", "zoe: '+49 170 1234567'", "[a]"])
def test_bad_numbers_are_found_out_at_once(tmp_path: Path, sms: Sms, written: str) -> None:
    file = tmp_path / "numbers.yaml"
    file.write_text(written)

    with pytest.raises(BadInput):
        Telephones(Sms(sms.url, file))
