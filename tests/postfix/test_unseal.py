"""Sealed mail of ours that comes back through real Postfix: open for people inside, and for nobody else."""

import smtplib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.gateway import ANN, Gateway, gateway
from fragments import Fragments
from postseal.sealed import keyfile
from quarantine import Held

CARL, DAN, EVE = "carl@lab.test", "dan@nokey.test", "eve@else.test"
POLICY = """
rules:
  - name: sealed for all
    when: {subject_words: sealed}
    then: [protect: ome]
  - name: our own is open inside
    when: {recipient_scope: inside}
    unless: {subject_words: sealed}
    then: [unseal: true]
"""
TEXT = b"the secret numbers\r\n"


@pytest.fixture(scope="module", params=["attachment", "link"])
def wired(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    keys = tmp_path_factory.mktemp("keys") / "master.keys"
    keyfile.create(keys, datetime.now(UTC))
    settings = f"""
workers: 2
store_timeout: 2s
accepted_domains: [lab.test]
tls: {{enforced: true, postfix: none}}
ome: {{portal: 'https://portal.lab.test', master_keys: 'file:{keys}', form: {request.param}}}
"""
    fragments = Fragments()
    parameters = fragments.parameters | {
        "postseal_milter": "",
        "virtual_alias_maps": f"inline:{{ {{ team@lab.test = {CARL}, {EVE} }} }}",
        "virtual_alias_domains": "",
    }
    options = {"parameters": parameters, "services": fragments.unjailed}
    with gateway(
        {"1.yaml": POLICY}, settings=settings, copies_port=fragments.reinjection_port, **options
    ) as gate:
        milters = {"smtpd_milters": "$postseal_milter", "non_smtpd_milters": "$postseal_milter"}
        gate.postfix.configure({"postseal_milter": gate.daemon.milter, **milters})
        gate.postfix.reload()
        yield Held(gate, fragments)


def take(wired: Held, count: int) -> dict[str, bytes]:
    arrived = wired.gate.sink.take(count, seconds=60)
    wired.gate.postfix.await_queue(0)
    assert wired.gate.sink.is_quiet(0.2)
    return {who: each.content for each in arrived for who in each.addresses}


def carrier(wired: Held, subject: str, *recipients: str) -> bytes:
    """The carrier mail that *recipients* got of a message by Ann."""
    fields = (
        f"From: {ANN}\r\nTo: {recipients[0]}\r\nSubject: sealed {subject}\r\nMessage-ID: <{subject}@lab.test>"
    )
    wired.send(fields.encode() + b"\r\n\r\n" + TEXT, recipients[0], sender=ANN)
    content = take(wired, 1)[recipients[0]]
    assert TEXT.strip() not in content
    return content


def rows(gate: Gateway) -> list[str]:
    return [line for line in gate.daemon.log().splitlines() if "event=audit" in line and "unsealed" in line]


def test_it_is_open_for_whom_it_was_sent_by_and_sealed_for_the_others(wired: Held) -> None:
    mail = carrier(wired, "back", DAN)
    before = len(rows(wired.gate))

    wired.send(mail, ANN, CARL, EVE, sender=DAN)

    got = take(wired, 3)
    assert got[ANN].endswith(b"\r\n\r\n" + TEXT)
    assert b"\r\nSubject: sealed back\r\n" in got[ANN]
    assert got[ANN].count(b"X-Postseal-Ome: opened\r\n") == 1
    for who in (CARL, EVE):
        assert TEXT.strip() not in got[who]
        assert b"X-Postseal" not in got[who]
    assert len(rows(wired.gate)) == before + 1


def test_colleague_gets_open_what_a_reader_sends_on(wired: Held) -> None:
    wired.send(carrier(wired, "on", ANN), CARL, sender=ANN)

    assert take(wired, 1)[CARL].endswith(TEXT)


def test_alias_does_not_lead_it_outside_in_clear(wired: Held) -> None:
    wired.send(carrier(wired, "alias", DAN), "team@lab.test", sender=ANN)

    got = take(wired, 2)
    assert got[CARL].endswith(TEXT)
    assert TEXT.strip() not in got[EVE]
    assert b"https://portal.lab.test" in got[EVE]
    assert b"x-postseal-" not in got[EVE].partition(b"\r\n\r\n")[0].lower()


def test_server_inside_does_not_send_it_on_in_clear(wired: Held) -> None:
    wired.send(carrier(wired, "server", DAN), CARL, sender=ANN)
    opened = take(wired, 1)[CARL]
    assert opened.endswith(TEXT)

    wired.send(opened, EVE, sender=DAN)

    assert TEXT.strip() not in take(wired, 1)[EVE]


def test_bounce_does_not_quote_it(wired: Held) -> None:
    mail = carrier(wired, "bounce", ANN)
    wired.gate.sink.answers[CARL] = "550 5.1.1 no such mailbox"
    wired.send(mail, CARL, sender=ANN)

    bounce = wired.gate.sink.take_one(seconds=60)
    del wired.gate.sink.answers[CARL]
    assert bounce.addresses == (ANN,)
    assert TEXT.strip() not in bounce.content


def test_while_the_store_is_away_it_waits(wired: Held) -> None:
    mail = carrier(wired, "store", DAN)
    path = Path(wired.gate.daemon.directory) / "store/store.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")  # nobody else writes now
        with pytest.raises(smtplib.SMTPDataError) as raised:
            wired.send(mail, ANN, sender=ANN)
    assert raised.value.smtp_code == 451
    assert wired.gate.sink.is_quiet(0.2)
    assert "cause=store" in wired.gate.daemon.log()
