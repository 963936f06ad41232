"""`require_tls` through Postfix and the fragments: which level lets mail go to which kind of server."""

import os
import re
import smtplib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

import signed_zone
from demo.gateway import ANN, Gateway, gateway
from demo.place import LOOPBACK, open_directory
from demo.postfix import Queued
from demo.sink import Delivery
from fragments import Fragments
from postseal.daemon.state import Reload
from tls_lab import KINDS, Lab, lab

WITH_TLS = {"selfsigned", "expired", "wrongname", "right", "danevalid", "daneinvalid", "danebogus"}
LEVELS = {
    "none": ("", set(KINDS)),
    "encrypt": ("encrypt", WITH_TLS),
    "verify": ("verify", {"right"}),
    "secure": ("secure", {"right"}),
    "secure-names": ("{secure: [mx.other.example, .right.test]}", {"right", "wrongname"}),
    "secure-other-name": ("{secure: [mx.right.example]}", set()),
    "fingerprint": ("{fingerprint: ['SHA256']}", {"right"}),
    "dane-only": ("dane-only", {"danevalid"}),
}
"""By level: how it is written, and to which servers mail then goes."""


POLICY = "rules:\n" + "".join(
    f"  - {{name: {name}, when: {{subject_words: level {name} it is}}, then: [require_tls: {written}]}}\n"
    for name, (written, _) in LEVELS.items()
    if written
)


@dataclass(frozen=True)
class Wired:
    """A gateway with the fragments, and servers of all kinds."""

    gateway: Gateway
    lab: Lab
    fragments: Fragments

    def send(self, level: str, text: str, *recipients: str) -> None:
        message = f"From: {ANN}\r\nSubject: level {level} it is\r\n\r\n{text}\r\n"
        with smtplib.SMTP(LOOPBACK, self.fragments.smtp_port, timeout=60) as client:
            client.sendmail(ANN, recipients, message)

    def arrived(self, text: str, *, tried: int = 0) -> dict[str, Delivery]:
        """By kind, what came with *text*, when all mail is delivered or waits.

        *tried*: how often Postfix must have tried to deliver at least.
        """
        deadline = time.monotonic() + 120
        while any(each.queue != "deferred" or not all(each.reasons.values()) for each in self.queue()):
            assert time.monotonic() < deadline, self.gateway.postfix.log()
            time.sleep(0.1)
        return {
            kind: each
            for kind, sink in self.lab.sinks.items()
            for each in sink.deliveries
            if text.encode() in each.content
        }

    def queue(self) -> tuple[Queued, ...]:
        return self.gateway.postfix.queue()


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with ExitStack() as running:
        place = running.enter_context(open_directory())
        servers = running.enter_context(lab(place))
        fragments = Fragments()
        gate = running.enter_context(
            gateway(
                {"tls.yaml": "rules: []"},
                copies_port=fragments.reinjection_port,
                parameters=fragments.parameters
                | {"postseal_milter": "", "smtp_tls_CAfile": str(servers.authorities)},
                services=fragments.unjailed,
                next_hop="",
                resolver=servers.resolver,
            )
        )
        gate.postfix.configure({"postseal_milter": gate.daemon.milter})
        gate.postfix.reload()
        wired = Wired(gate, servers, fragments)
        require(wired, POLICY.replace("SHA256", servers.fingerprint))
        yield wired


def require(wired: Wired, policy: str) -> None:
    """Put *policy* into force, with the transports that it needs."""
    gate = wired.gateway
    (gate.daemon.policies / "tls.yaml").write_text(policy)
    enforced(wired, str(gate.postfix.configuration))
    lines = gate.daemon.command("tls", "transports")
    assert lines.returncode == 0, lines.stderr
    named = re.findall(r"(?ms)^postseal-tls-(?:secure|fingerprint)-[0-9a-f]{12} .*?(?=^\n|\Z)", lines.stdout)
    gate.postfix.configure(services="".join(named))
    gate.postfix.reload()
    known = gate.daemon.reload()
    assert known.reload.good, known.reload.problems


def enforced(wired: Wired, postfix: str) -> None:
    """Say in the settings that TLS is enforced, and which Postfix is asked."""
    file = wired.gateway.daemon.settings_file
    head = file.read_text().partition("tls:")[0]
    file.write_text(f"{head}tls: {{enforced: true, postfix: '{postfix}'}}\n")


@contextmanager
def ruled(wired: Wired, policy: str) -> Iterator[Reload]:
    """*policy* in force, if it can be, and how its reload went; at the end the other one."""
    file = wired.gateway.daemon.policies / "tls.yaml"
    before = file.read_text()
    file.write_text(policy)
    yield wired.gateway.daemon.reload().reload
    file.write_text(before)
    assert wired.gateway.daemon.reload().reload.good


@pytest.mark.parametrize("level", LEVELS)
def test_level_decides_to_which_servers_mail_goes(wired: Wired, level: str) -> None:
    wired.send(level, f"marker-{level}.", *(f"bob@{kind}.test" for kind in KINDS))

    arrived = wired.arrived(f"marker-{level}.")

    assert set(arrived) == LEVELS[level][1], wired.gateway.postfix.log()
    assert all(b"x-postseal" not in each.content.lower() for each in arrived.values())
    if level != "none":
        assert {each.tls for each in arrived.values()} <= {"TLSv1.2", "TLSv1.3"}


def test_recipients_who_need_no_tls_are_not_held_up(wired: Wired) -> None:
    rules = f"{POLICY.replace('SHA256', wired.lab.fingerprint)}"
    split = (
        "  - {name: split, when: {recipient_domain: [plain.test, right.test]}, then: [require_tls: verify]}\n"
    )
    with ruled(wired, rules + split) as told:
        wired.send("none", "marker-split.", "bob@plain.test", "cat@right.test", "dan@stripped.test")
        arrived = wired.arrived("marker-split.")

    assert told.good
    assert {kind: bool(each.tls) for kind, each in arrived.items()} == {"right": True, "stripped": False}
    assert "tls=verify:1" in wired.gateway.daemon.log()
    assert 'postseal_required_tls_total{level="verify"} ' in wired.gateway.daemon.metrics()


def test_message_that_waits_still_needs_tls_when_it_is_requeued(wired: Wired) -> None:
    wired.send("encrypt", "marker-requeued.", "bob@stripped.test")
    assert wired.arrived("marker-requeued.") == {}

    wired.gateway.postfix.command("postsuper", "-r", "ALL")
    wired.gateway.postfix.flush()

    assert wired.arrived("marker-requeued.") == {}
    assert any("bob@stripped.test" in each.reasons for each in wired.queue())


def test_field_of_a_client_chooses_no_transport(wired: Wired) -> None:
    text = "X-Postseal-TLS: nowhere\r\nSubject: hi\r\n\r\nmarker-forged.\r\n"
    with smtplib.SMTP(LOOPBACK, wired.fragments.smtp_port, timeout=60) as client:
        client.sendmail(ANN, ["bob@plain.test"], text)

    arrived = wired.arrived("marker-forged.")

    assert b"x-postseal" not in arrived["plain"].content.lower()


def test_transport_that_is_missing_is_told_at_the_reload_and_makes_mail_wait(wired: Wired) -> None:
    rule = "rules: [{name: far, when: {sender: ann@lab.test}, then: [require_tls: {secure: [far.example]}]}]"
    daemon = wired.gateway.daemon
    with ruled(wired, rule) as told:
        enforced(wired, "none")
        believed = daemon.reload().reload
        wired.send("none", "marker-missing.", "bob@right.test")
        arrived = wired.arrived("marker-missing.")
        enforced(wired, str(wired.gateway.postfix.configuration))

    assert not told.good
    assert "Postfix has no service 'postseal-tls-secure-" in told.problems[0]
    assert believed.good
    assert arrived == {}
    assert any(
        "mail transport unavailable" in each.reasons.get("bob@right.test", "") for each in wired.queue()
    )
