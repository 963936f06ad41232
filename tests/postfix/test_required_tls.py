"""`require_tls` through Postfix and the fragments: which level lets mail go to which kind of server."""

import csv
import os
import smtplib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import signed_zone
import tls_wired
from demo.gateway import ANN
from demo.place import LOOPBACK
from postseal.daemon.state import Reload
from processes import eventually
from tls_lab import KINDS
from tls_wired import Wired, enforced, reloaded

DANE = {"danevalid", "daneauthority"}
WITH_TLS = {"selfsigned", "expired", "wrongname", "right", "daneinvalid", "danebogus", "danename"} | DANE
LEVELS = {
    "none": ("", set(KINDS)),
    "encrypt": ("encrypt", WITH_TLS),
    "verify": ("verify", {"right"}),
    "secure": ("secure", {"right"}),
    "secure-names": ("{secure: [mx.other.example, .right.test]}", {"right", "wrongname"}),
    "secure-other-name": ("{secure: [mx.right.example]}", set()),
    "fingerprint": ("{fingerprint: ['SHA256']}", {"right"}),
    "dane": ("dane", {"right"} | DANE),
    "dane-only": ("dane-only", DANE),
}
"""By level: how it is written, and to which servers mail then goes."""


POLICY = "rules:\n" + "".join(
    f"  - {{name: {name}, when: {{subject_words: level {name} it is}}, then: [require_tls: {written}]}}\n"
    for name, (written, _) in LEVELS.items()
    if written
)


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with tls_wired.wired(POLICY) as running:
        yield running


@contextmanager
def ruled(wired: Wired, policy: str) -> Iterator[Reload]:
    """*policy* in force, if it can be, and how its reload went; at the end the other one."""
    file = wired.gateway.daemon.policies / "tls.yaml"
    before = file.read_text()
    file.write_text(policy)
    yield reloaded(wired.gateway.daemon)
    file.write_text(before)
    assert reloaded(wired.gateway.daemon).good


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
        believed = reloaded(daemon)
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


@pytest.mark.parametrize("others", [(), ("dan@selfsigned.test",)], ids=["stays", "submitted"])
def test_bounce_of_mail_that_needs_tls_does_not_quote_it(wired: Wired, others: tuple[str, ...]) -> None:
    rule = "{name: r, when: {recipient_domain: right.test}, then: [require_tls: verify]}"
    text = f"marker-bounced-{len(others)}."
    wired.lab.sinks["right"].answers["gone@right.test"] = "550 5.1.1 no such mailbox"
    with ruled(wired, f"rules: [{rule}]") as told:
        wired.send("none", text, "gone@right.test", *others, sender="ann@plain.test")
        bounce = eventually(lambda: [d for d in wired.lab.sinks["plain"].deliveries if not d.sender])[-1]
        wired.arrived(text)
    del wired.lab.sinks["right"].answers["gone@right.test"]

    assert told.good
    assert b"gone@right.test" in bounce.content
    assert bounce.tls == ""
    assert text.encode() not in bounce.content


def test_report_tells_from_the_log_what_the_servers_saw(wired: Wired) -> None:
    wired.send("encrypt", "marker-report.", "bob@plain.test", "bob@right.test")
    wired.arrived("marker-report.")

    done = wired.gateway.daemon.command("tls", "report", wired.gateway.postfix.log_file, "--csv")
    rows = list(csv.DictReader(done.stdout.splitlines()))

    seen = Counter(
        each.tls or "none"
        for sink in wired.lab.sinks.values()
        for each in sink.deliveries
        for _ in each.recipients
    )
    told: Counter[str] = Counter()
    for row in rows:
        if row["way"] == "out" and row["outcome"] == "sent":
            told[row["version"]] += int(row["count"])
    assert told == seen
    assert "encrypt" in {row["required"] for row in rows if row["outcome"] == "deferred"}
    assert all(row["version"] != "none" for row in rows if row["outcome"] == "sent" and row["required"])
    assert {row["version"] for row in rows if row["way"] == "in"} == {"none"}


def test_report_tells_what_became_of_each_message_that_needs_tls(wired: Wired) -> None:
    wired.send("verify", "marker-journey.", "jim@plain.test", "jim@right.test")
    wired.send("none", "marker-free.", "joe@right.test")
    wired.arrived("marker-journey.")

    command = ("tls", "report", wired.gateway.postfix.log_file, "--messages", "--csv")
    done = wired.gateway.daemon.command(*command)
    rows = {row["recipient"]: row for row in csv.DictReader(done.stdout.splitlines())}

    assert "joe@right.test" not in rows
    went, waits = rows["jim@right.test"], rows["jim@plain.test"]
    assert went["queue_id"] == waits["queue_id"]
    assert f"queue_id={went['queue_id']} " in wired.gateway.daemon.log()
    assert went["message_id"] == waits["message_id"] != ""
    assert (went["required"], went["outcome"], went["certificate"]) == ("verify", "sent", "Verified")
    assert went["version"].startswith("TLSv1.")
    assert (waits["required"], waits["outcome"], waits["version"]) == ("verify", "deferred", "none")
    assert "TLS is required, but was not offered" in waits["why"]
    assert int(waits["attempts"]) >= 1
