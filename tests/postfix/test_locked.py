"""A passphrase and a number that a sender gives, through real Postfix: they are in the store alone."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from demo.gateway import BOB, SETTINGS, Gateway, gateway
from portal_place import leftovers
from postseal.sealed import keyfile
from postseal.store.engine import Store
from postseal.store.locks import Turn
from postseal.store.ring import Opened
from postseal.store.ring import opened as opened_ring
from postseal.store.schema_sealed import sealed_messages
from postseal.store.sealed import SealedMessage

POLICY = """
rules:
  - name: encrypted for who has a certificate
    when: {subject_words: numbers, recipient_scope: outside}
    then: [protect: [smime, ome]]
  - name: a colleague reads along
    when: {subject_words: colleague}
    then: [add_bcc: kim@lab.test]
  - name: refused in words of its own
    when: {subject_words: forbidden}
    then: [reject: This is forbidden.]
"""
SIGN_IN = """
ome: {portal: 'https://portal.lab.test', master_keys: 'file:KEYS'}
sign_in:
  passphrases: true
  sms: {url: 'https://sms.lab.test/', senders: true}
"""
DAN, KIM = "dan@nokey.test", "kim@lab.test"
NUMBER = "+491701234567"
TEXT = b"One, two, three.\r\n"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "master.keys"
    keyfile.create(path, datetime.now(UTC))
    return path


@pytest.fixture(scope="module")
def gate(keys: Path) -> Iterator[Gateway]:
    with gateway({"1.yaml": POLICY}, settings=SETTINGS + SIGN_IN.replace("KEYS", str(keys))) as running:
        yield running


@pytest.fixture
def ring(gate: Gateway, keys: Path) -> Iterator[Opened]:
    with closing(Store(f"sqlite:///{gate.daemon.directory}/store/store.sqlite", timeout=30)) as store:
        yield opened_ring(store, keyfile.FileKeys(keys))


def message(subject: str, *more: str, identity: str) -> bytes:
    fields = (
        "From: ann@lab.test",
        "To: bob@one.test, dan@nokey.test, eve@nokey.test",
        f"Subject: {subject}",
        f"Message-ID: <{identity}@lab.test>",
    )
    return "\r\n".join([*fields, *more]).encode() + b"\r\n\r\n" + TEXT


def arrived(gate: Gateway, addresses: set[str]) -> dict[str, bytes]:
    """What has come for each of *addresses*; one mail may be for several."""
    copies: dict[str, bytes] = {}
    while set(copies) != addresses:
        mail = gate.sink.take_one(seconds=60)
        copies |= dict.fromkeys(mail.addresses, mail.content)
    return copies


def known(ring: Opened, identity: str) -> SealedMessage:
    (found,) = [one for one in _all(ring) if one.message_id == f"<{identity}@lab.test>"]
    return found


def _all(ring: Opened) -> tuple[SealedMessage, ...]:
    query = select(sealed_messages.c.id)
    return ring.messages.some(ring.store.read(lambda connection: list(connection.scalars(query))))


def opens(ring: Opened, message: SealedMessage, who: str, typed: str) -> bool:
    reader = message.addressee(who)
    assert reader
    return ring.locks.tried(b"s" * 32, message, reader, typed, at=datetime.now(UTC)).turn is Turn.RIGHT


@pytest.mark.parametrize(
    ("identity", "subject", "fields"),
    [
        ("field", "Lunch", ("X-Postseal-Passphrase: violet heron 41",)),
        (
            "subject",
            "Lunch [passphrase: violet heron 41]",
            ("Thread-Topic: Lunch [passphrase: violet heron 41]",),
        ),
        ("certificate", "numbers [passphrase: violet heron 41]", ()),
    ],
)
def test_passphrase_seals_for_everybody_outside_and_is_nowhere(
    gate: Gateway, ring: Opened, identity: str, subject: str, fields: tuple[str, ...]
) -> None:
    """No rule asks for it, and one that asks for a certificate first does not get it."""
    gate.post(message(f"{subject} colleague", *fields, identity=identity), BOB, DAN)
    copies = arrived(gate, {BOB, DAN, KIM})

    for content in copies.values():
        assert b"heron" not in content
        assert b"passphrase" not in content.lower()
    for address in (BOB, DAN):
        assert TEXT.strip() not in copies[address]
        assert b"https://portal.lab.test/m/" in copies[address]
    assert TEXT.strip() in copies[KIM]  # a colleague, to whom no rule denies it
    sealed = known(ring, identity)
    assert {one.address for one in sealed.recipients} == {BOB, DAN}
    assert opens(ring, sealed, BOB, "Violet Heron 41")
    files = leftovers(gate.daemon.directory)
    assert not [octets for octets in files if b"heron" in octets]


def test_number_seals_for_whom_it_names(gate: Gateway, ring: Opened) -> None:
    gate.post(
        message("Lunch", f"X-Postseal-Number: {DAN} {NUMBER}", identity="number"), DAN, "eve@nokey.test"
    )
    copies = arrived(gate, {DAN, "eve@nokey.test"})

    assert TEXT.strip() not in copies[DAN]
    assert TEXT.strip() in copies["eve@nokey.test"]  # as policy has it
    sealed = known(ring, "number")
    (reader,) = sealed.recipients
    assert ring.locks.number(sealed, reader) == NUMBER
    everything = [*leftovers(gate.daemon.directory), *copies.values()]
    assert not [octets for octets in everything if b"1701234567" in octets]


@pytest.mark.parametrize(
    ("field", "why"),
    [
        ("X-Postseal-Passphrase: short", "must have 8 to 200 characters"),
        ("X-Postseal-Number: max@else.test +49 170 1234567", "no recipient"),
    ],
)
def test_what_cannot_be_honoured_is_refused(gate: Gateway, field: str, why: str) -> None:
    code, text = gate.refused(message("Lunch", field, identity=field[-6:]), DAN)

    assert code == 550
    assert why in text
    assert gate.sink.is_quiet()


def test_rule_that_refuses_still_does(gate: Gateway) -> None:
    given = message("forbidden", "X-Postseal-Passphrase: violet heron 41", identity="forbidden")

    assert "This is forbidden." in gate.refused(given, DAN)[1]


def test_bounce_of_ours_has_no_passphrase_either(gate: Gateway) -> None:
    """The next server refuses the carrier: what comes back quotes that."""
    gate.sink.answers[DAN] = "550 5.1.1 nobody here"
    try:
        gate.post(message("Lunch [passphrase: violet heron 41]", identity="bounced"), DAN)
        bounce = gate.sink.take_one(seconds=60)
    finally:
        gate.sink.answers.clear()

    assert bounce.addresses == ("ann@lab.test",)
    assert b"heron" not in bounce.content
    assert TEXT.strip() not in bounce.content
