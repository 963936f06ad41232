"""What Prometheus gets: valid, complete before the first mail, without addresses, whoever else connects."""

import os
import re
import signal
import socket
import subprocess
import urllib.error
from contextlib import ExitStack
from pathlib import Path

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from demo.place import LOOPBACK
from milterprotocol import Mail, MilterClient
from postseal.errors import Cause
from processes import eventually, exporter, known, sample

POLICY = {
    "1.yaml": """
rules:
  - name: mark
    then: [add_header: {X-Seen: 'yes'}]
  - name: no "secrets"
    when: {subject_words: secret}
    mode: audit
    then: [reject: 'No secrets.']
  - name: sealed
    when: {subject_words: seal}
    then: [protect: smime]
"""
}


@pytest.fixture
def running(daemon: DaemonFactory) -> Daemon:
    return daemon(policies=POLICY, settings="workers: 2\n")


def send(running: Daemon, subject: bytes, recipient: bytes = b"<carla@very.private.example>") -> None:
    sender = b"<boris@quite.private.example>"
    headers = ((b"From", b" boris@quite.private.example"), (b"Subject", b" " + subject))
    client = MilterClient(f"unix:{running.socket}")
    try:
        client.connect(address=b"203.0.113.77", name=b"host.private.example")
        client.transaction(Mail(headers, sender=sender, recipients=(recipient,)))
    finally:
        client.close()


def checked(promtool: Path, scraped: str) -> tuple[int, str]:
    done = subprocess.run(
        [promtool, "check", "metrics"], input=scraped.encode(), capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode()


def test_scrape_is_valid_before_and_after_mail(running: Daemon, promtool: Path) -> None:
    before = running.metrics()
    for subject in (b"hello", b"secret", b"seal"):
        send(running, subject)
    after = running.metrics()

    assert checked(promtool, before) == (0, "")
    assert checked(promtool, after) == (0, "")


def test_scrape_every_family_is_there_before_the_first_mail(running: Daemon) -> None:
    expected = [
        *(f'postseal_messages_total{{result="{each}"}} 0.0' for each in ("accepted", "rejected", "deferred")),
        *(
            f'postseal_copies_total{{method="{method}",signed="{signed}"}} 0.0'
            for method in ("plain", "smime")
            for signed in ("true", "false")
        ),
        'postseal_rule_hits_total{mode="enforce",rule="mark"} 0.0',
        'postseal_rule_hits_total{mode="audit",rule="no \\"secrets\\""} 0.0',
        *(
            f'postseal_stage_seconds_count{{stage="{stage}"}} 0.0'
            for stage in ("receive", "decide", "protect", "answer")
        ),
        *(f'postseal_errors_total{{cause="{cause}"}} 0.0' for cause in Cause),
        "postseal_reload_success 1.0",
        "postseal_reload_timestamp_seconds ",
        "postseal_worker_restarts_total 0.0",
        "# TYPE postseal_certificate_expiry_timestamp_seconds gauge",
        "postseal_workers 2.0",
        "postseal_supervisor_faults_total 0.0",
    ]

    def missing() -> list[str]:
        scraped = running.metrics()
        return [text for text in expected if text not in scraped]

    # The daemon is ready before its workers have made their counters.
    eventually(lambda: not missing())


def test_scrape_counts_mail_and_holds_no_address(running: Daemon) -> None:
    for subject in (b"hello", b"secret", b"seal"):
        send(running, subject)

    scraped = running.metrics()
    assert 'postseal_messages_total{result="accepted"} 2.0' in scraped
    assert 'postseal_errors_total{cause="no_certificate"} 1.0' in scraped
    assert 'postseal_rule_hits_total{mode="enforce",rule="mark"} 3.0' in scraped
    assert 'postseal_rule_hits_total{mode="audit",rule="no \\"secrets\\""} 1.0' in scraped
    assert 'postseal_copies_total{method="plain",signed="false"} 2.0' in scraped
    assert "@" not in scraped
    for word in ("boris", "carla", "private", "203.0.113"):
        assert word not in scraped


def test_exporter_that_is_killed_comes_back(running: Daemon) -> None:
    first = exporter(running)
    assert first

    os.kill(first, signal.SIGKILL)

    def scraped() -> str:
        try:
            return running.metrics()
        except (urllib.error.URLError, ConnectionError):
            return ""

    assert "postseal_workers 2.0" in eventually(scraped)
    assert eventually(lambda: exporter(running)) != first
    assert "event=exporter_died" in running.log()
    assert known(running).restarts == 0, "it is no worker"


def test_exporter_is_not_held_up_by_clients_that_say_nothing(running: Daemon) -> None:
    with ExitStack() as silent:
        for _ in range(20):
            silent.enter_context(socket.create_connection((LOOPBACK, running.metrics_port)))
        half = silent.enter_context(socket.create_connection((LOOPBACK, running.metrics_port)))
        half.sendall(b"GET /metrics HTTP/1.1\r\nHost")

        # One after the other they would hold it up for 100 s, and a scrape gives up before.
        assert sample(running, "postseal_workers") == 2
        # And they are hung up on, without a word in the log.
        half.settimeout(30)
        half.recv(1)
    assert "Traceback" not in running.log()


def test_exporter_listens_on_loopback_only_and_writes_nothing(running: Daemon) -> None:
    listening = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    port = f"{running.metrics_port:04X}"
    addresses = re.findall(rf"(?m)^\s*\d+: ([0-9A-F]+):{port} \S+ 0A ", listening)
    assert addresses == ["0100007F"]

    with socket.create_connection((LOOPBACK, running.metrics_port), timeout=30) as client:
        client.sendall(b"POST /metrics HTTP/1.0\r\n\r\n")
        assert b" 405 " in client.makefile("rb").readline()


def test_metrics_none_means_no_exporter(directory: Path) -> None:
    daemon = Daemon(directory, policies=POLICY, settings="workers: 1\n")
    text = daemon.settings_file.read_text()
    daemon.settings_file.write_text(text.replace(f"{LOOPBACK}:{daemon.metrics_port}", "none"))

    with daemon:
        assert exporter(daemon) is None
        assert "metrics  none" in daemon.command("status").stdout
        assert daemon.reload().reload.good
