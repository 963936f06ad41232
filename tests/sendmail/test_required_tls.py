"""`require_tls` through a real Sendmail: which level lets mail go to which kind of server."""

import os
import shutil
import smtplib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import signed_zone
from demo.daemon import Daemon
from demo.gateway import ANN
from demo.place import LOOPBACK, free_port, open_directory
from demo.sink import Delivery
from processes import eventually
from sendmail_mta import Sendmail, programs
from tls_lab import Lab, lab

KINDS = ("plain", "stripped", "old", "selfsigned", "expired", "wrongname", "right")
GOES = {
    # Left to itself, Sendmail takes what it gets, but no session whose TLS it cannot speak.
    "none": {"plain", "stripped", "selfsigned", "expired", "wrongname", "right"},
    "encrypt": {"selfsigned", "expired", "wrongname", "right"},
    "verify": {"right"},
}
POLICY = "rules:\n" + "".join(
    f"  - {{name: {level}, when: {{subject_words: level {level} it is}}, then: [require_tls: {level}]}}\n"
    for level in GOES
    if level != "none"
)
MIXED = (
    "  - {name: mixed, when: {recipient_domain: [plain.test, right.test], subject_words: mixed},"
    " then: [require_tls: verify]}\n"
)


@dataclass(frozen=True)
class Wired:
    """What runs."""

    daemon: Daemon
    mta: Sendmail
    lab: Lab

    def send(self, level: str, text: str, *recipients: str) -> None:
        message = (
            f"From: {ANN}\r\nMessage-ID: <{text}@lab.test>\r\nSubject: level {level} it is\r\n\r\n{text}\r\n"
        )
        with smtplib.SMTP(LOOPBACK, self.mta.port, timeout=60) as client:
            client.sendmail(ANN, recipients, message)

    def came(self, text: str) -> dict[str, Delivery]:
        """By kind, what came with *text*."""
        return {
            kind: each
            for kind, sink in self.lab.sinks.items()
            for each in sink.deliveries
            if text.encode() in each.content
        }

    def arrived(self, text: str, *recipients: str) -> dict[str, Delivery]:
        """The same, as soon as each of *recipients* has it, or waits after a try; and who waits is told."""

        def settled() -> bool:
            came = {f"bob@{kind}.test" for kind in self.came(text)}
            waits = [waiting(file) for file in self.mta.queued()]
            tried = {who for tries, people in waits if tries for who in people}
            return not any(tries == 0 for tries, _ in waits) and came | tried >= set(recipients)

        eventually(settled, seconds=180)
        return self.came(text)


def waiting(control: Path) -> tuple[int, set[str]]:
    """How often what *control* is about was tried, and for whom it waits; nobody, if it has just gone."""
    try:
        lines = control.read_bytes().decode("latin-1").splitlines()
    except FileNotFoundError:
        return 1, set()
    tries = next((int(line[1:]) for line in lines if line.startswith("N")), 0)
    return tries, {line.rpartition(":")[2].strip("<>") for line in lines if line.startswith("R")}


@contextmanager
def wired(*, with_rules: bool = True) -> Iterator[Wired]:
    found = programs()
    if found is None or os.geteuid() or not signed_zone.installed():
        pytest.skip("Sendmail needs root and m4, the servers dnsmasq: contrib/install-tools installs them")
    with ExitStack() as running:
        # Sendmail trusts no socket below a folder that everybody may write to.
        place = Path(tempfile.mkdtemp(prefix="postseal-", dir="/run"))
        running.callback(shutil.rmtree, place, ignore_errors=True)
        servers = running.enter_context(lab(running.enter_context(open_directory())))
        copies = free_port()
        settings = "trusted_networks: [127.0.0.0/8]\ntls: {enforced: true, mta: sendmail}\n"
        policies = {"1.yaml": POLICY + MIXED}
        daemon = Daemon(place, settings=settings, policies=policies, submit_port=copies, group="")
        running.enter_context(daemon)
        mta = Sendmail(
            found,
            socket=daemon.socket,
            copies_port=copies,
            next_hop=25,
            servers={f"{kind}.test": servers.addresses[kind] for kind in KINDS},
            authorities=servers.authorities,
            with_rules=with_rules,
        )
        yield Wired(daemon, running.enter_context(mta), servers)


@pytest.fixture(scope="module")
def both() -> Iterator[Wired]:
    with wired() as running:
        yield running


@pytest.mark.parametrize("level", GOES)
def test_level_decides_to_which_servers_mail_goes(both: Wired, level: str) -> None:
    recipients = [f"bob@{kind}.test" for kind in KINDS]
    both.send(level, f"marker-{level}", *recipients)

    arrived = both.arrived(f"marker-{level}", *recipients)

    assert set(arrived) == GOES[level], both.daemon.log()
    assert all(b"x-postseal" not in each.content.lower() for each in arrived.values())
    if level != "none":
        assert {each.tls for each in arrived.values()} <= {"TLSv1.2", "TLSv1.3"}
        assert f"tls={level}:1" in both.daemon.log()


def test_recipients_who_need_no_tls_are_not_held_up(both: Wired) -> None:
    people = ("bob@plain.test", "bob@right.test", "bob@stripped.test")
    both.send("none mixed", "marker-mixed", *people)

    arrived = both.arrived("marker-mixed", *people)

    assert {kind: bool(each.tls) for kind, each in arrived.items()} == {"right": True, "stripped": False}


def test_what_waits_still_needs_tls_after_a_restart(both: Wired) -> None:
    both.send("encrypt", "marker-restart", "bob@plain.test", "bob@right.test")
    both.arrived("marker-restart", "bob@plain.test", "bob@right.test")

    both.mta.stop()
    before = {file.name: waiting(file)[0] for file in both.mta.queued()}
    both.mta.start()
    eventually(lambda: all(waiting(both.mta.place / "queue" / name)[0] > n for name, n in before.items()))

    assert before
    assert set(both.came("marker-restart")) == {"right"}


def test_members_of_a_list_need_it_too(both: Wired) -> None:
    both.send("encrypt", "marker-list", "list@mx.lab.test")

    assert set(both.arrived("marker-list", "bob@plain.test", "bob@right.test")) == {"right"}


def test_without_the_rules_nothing_is_taken() -> None:
    with wired(with_rules=False) as bare:
        with pytest.raises(smtplib.SMTPDataError) as raised:
            bare.send("encrypt", "marker-bare", "bob@right.test")
        log = bare.daemon.log()
        arrived, queued = bare.came("marker-bare"), bare.mta.queued()

    assert raised.value.smtp_code == 451
    assert "Sendmail does not know postseal-tls-encrypt" in log
    assert (arrived, queued) == ({}, [])
