"""Reloads and deaths under load, through real Postfix: no mail lost, none in clear that was to be sealed."""

import itertools
import os
import re
import signal
import smtplib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from demo.gateway import ANN, BOB, Gateway, gateway
from demo.place import LOOPBACK
from processes import eventually, workers

CONNECTIONS = 20
EACH = 100
BROKEN = "rules: [{name: broken, when: {no_such_condition: 1}}]\n"
SECRET = b"the secret numbers"


def policy(version: int) -> str:
    return f"""
rules:
  - name: one
    then: [set_header: {{X-First: 'v{version}'}}]
  - name: two
    then: [set_header: {{X-Second: 'v{version}'}}]
  - name: sealed
    when: {{header_words: {{X-Seal: please}}}}
    then: [protect: smime]
"""


@dataclass
class Sent:
    """What the clients were told."""

    accepted: list[str] = field(default_factory=list)
    waited: Counter[str] = field(default_factory=Counter)


def message(identity: str) -> bytes:
    return (
        b"From: ann@lab.test\r\nTo: bob@one.test\r\nSubject: load\r\nX-Seal: please\r\n"
        b"Message-ID: <%b@lab.test>\r\n\r\n%b\r\n" % (identity.encode(), SECRET)
    )


def client(port: int, number: int, sent: Sent, *, per_connection: int, enough: Event) -> None:
    """Send EACH messages and on until *enough*, *per_connection* in a connection; what is deferred is tried
    again.  Nobody's speed decides whether the clients are still at it when something happens."""
    count = 0
    while count < EACH or not enough.is_set():
        try:
            with smtplib.SMTP(LOOPBACK, port, timeout=60) as connection:
                for _ in range(per_connection):
                    identity = f"{number}.{count}"
                    connection.sendmail(ANN, [BOB], message(identity))
                    sent.accepted.append(identity)
                    count += 1
        except smtplib.SMTPException as error:
            code = (
                getattr(error, "smtp_code", 0)
                or next(iter(getattr(error, "recipients", {}).values()), (0,))[0]
            )
            sent.waited[f"{code} {error}"[:120]] += 1
            time.sleep(0.05)


@pytest.fixture
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": policy(0)}) as running:
        yield running


def under_load(gate: Gateway, disturb: Callable[[Sent], None], *, per_connection: int) -> Sent:
    """Run all clients for as long as *disturb* runs, which sees what is sent."""
    sent, enough = Sent(), Event()
    with ThreadPoolExecutor(CONNECTIONS) as clients:
        jobs = [
            clients.submit(
                client, gate.postfix.port, number, sent, per_connection=per_connection, enough=enough
            )
            for number in range(CONNECTIONS)
        ]
        try:
            disturb(sent)
        finally:
            enough.set()
        for job in jobs:
            job.result()
    return sent


def arrived(gate: Gateway, sent: Sent) -> dict[str, bytes]:
    """Everything that arrived, by identity; fails for what came twice."""
    deliveries = gate.sink.take(len(sent.accepted), seconds=120)
    identities = [re.search(rb"Message-ID: <([\d.]+)@", each.content)[1].decode() for each in deliveries]  # type: ignore[index]
    assert not [identity for identity, count in Counter(identities).items() if count > 1]
    return dict(zip(identities, (each.content for each in deliveries), strict=True))


@pytest.mark.parametrize("per_connection", [EACH, 1], ids=["20-connections", "2000-connections"])
def test_reload_twenty_times_under_load_loses_nothing(gate: Gateway, per_connection: int) -> None:
    good: list[str] = ["v0"]

    def reload(sent: Sent) -> None:
        for version in range(1, 21):
            before = len(sent.accepted)
            eventually(lambda: len(sent.accepted) >= before + CONNECTIONS * EACH // 22, seconds=60)  # noqa: B023
            broken = version % 4 == 0
            (gate.daemon.policies / "10.yaml").write_text(BROKEN if broken else policy(version))
            assert gate.daemon.reload().reload.good is not broken
            if not broken:
                good.append(f"v{version}")

    sent = under_load(gate, reload, per_connection=per_connection)

    contents = arrived(gate, sent)
    assert sent.waited == Counter()
    assert sorted(contents) == sorted(sent.accepted)
    versions: Counter[str] = Counter()
    for content in contents.values():
        assert SECRET not in content
        first, second = (re.search(rb"X-%b: (v\d+)\r\n" % name, content) for name in (b"First", b"Second"))
        assert first
        assert second
        assert first[1] == second[1], "a message was judged by two policies"
        versions[first[1].decode()] += 1
    assert set(versions) <= set(good)
    assert len(versions) > 5
    assert 'reloads_total{result="bad"} 5.0' in gate.daemon.metrics()
    assert 'reloads_total{result="good"} 15.0' in gate.daemon.metrics()
    assert f'postseal_messages_total{{result="accepted"}} {len(sent.accepted)}.0' in gate.daemon.metrics()
    print(f"\n{len(sent.accepted)} messages, 20 reloads (5 broken), policies at work: {dict(versions)}")


def test_worker_killed_every_second_loses_nothing_and_leaks_nothing(gate: Gateway) -> None:
    killed: list[int] = []

    def kill(_: Sent) -> None:
        while len(killed) < 8:
            if victims := workers(gate.daemon):
                killed.append(victims[len(killed) % len(victims)])
                os.kill(killed[-1], signal.SIGKILL)
            time.sleep(1)

    sent = under_load(gate, kill, per_connection=EACH)

    contents = arrived(gate, sent)
    assert sorted(contents) == sorted(sent.accepted)
    assert not any(SECRET in content for content in contents.values())
    for content in itertools.islice(contents.values(), 5):
        assert SECRET in gate.decrypted(content, BOB)
    assert set(sent.waited) <= {reason for reason in sent.waited if reason.startswith(("4", "0"))}
    waited = sum(sent.waited.values())
    print(f"\n{len(sent.accepted)} messages, {len(killed)} workers killed, told to wait: {waited}")
