"""The process that fetches what issuers say: forked where it is needed, and mail profits from it."""

import os
import signal
from contextlib import closing
from datetime import UTC, datetime

from authority_server import AuthorityServer
from conftest import DaemonFactory
from demo.daemon import Daemon
from demo.pki import Authority
from milterprotocol import Answer, Mail, MilterClient
from postseal.certificates.purpose import addresses
from postseal.finding.candidate import new
from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from processes import alive, eventually, known

ROOT = Authority.root()
POLICY = {"1.yaml": "rules: [{name: sealed, then: [protect: smime]}]\n"}
SETTINGS = "workers: 1\nsmime: {trust: trust, revocation: hard}\n"


def answer(running: Daemon, recipient: bytes) -> Answer:
    """The last answer to mail to *recipient*."""
    client = MilterClient(f"unix:{running.socket}")
    try:
        client.connect()
        headers = ((b"From", b" boris@lab.test"), (b"Subject", b" x"))
        return client.transaction(
            Mail(headers, sender=b"<boris@lab.test>", recipients=(b"<" + recipient + b">",))
        )
    finally:
        client.close()


def started(daemon: DaemonFactory, settings: str) -> Daemon:
    running = daemon(policies=POLICY, settings="workers: 1\n")
    (running.directory / "trust").mkdir()
    (running.directory / "trust" / "root.pem").write_bytes(ROOT.pem)
    file = running.settings_file
    file.write_text(file.read_text().replace("workers: 1\n", settings))
    running.reload()
    return running


def fetcher(running: Daemon) -> int | None:
    """The process that fetches."""
    return known(running).beside.get("fetcher")


def test_mail_waits_until_the_list_is_fetched_and_then_leaves(daemon: DaemonFactory) -> None:
    with AuthorityServer(ROOT) as server:
        ann = ROOT.issue("ann@example.net", kind="p256", extensions=server.list_extension)
        bob = ROOT.issue("bob@example.net", kind="p256", extensions=server.list_extension)
        server.revoke(bob.certificate)
        running = started(daemon, SETTINGS)
        with closing(Store(f"sqlite:///{running.directory}/store/store.sqlite", timeout=30)) as store:
            for person in (ann, bob):
                (name,) = addresses(person.certificate)
                Certificates(store).add(new(person.certificate), [name], at=datetime.now(UTC))

        first = answer(running, b"ann@example.net")
        assert first.text.startswith(b"451")
        assert "cause=revocation" in running.log()

        eventually(lambda: answer(running, b"ann@example.net").verdict in {"accept", "continue"})
        refused = eventually(
            lambda: "revoked" in running.log() or answer(running, b"bob@example.net").goes_on
        )
        assert refused
        assert answer(running, b"bob@example.net").verdict == "reply"


def test_fetcher_is_forked_again_when_it_dies_and_ends_with_the_daemon(daemon: DaemonFactory) -> None:
    running = started(daemon, SETTINGS)
    first = eventually(lambda: fetcher(running))
    assert first

    os.kill(first, signal.SIGKILL)
    second = eventually(lambda: fetcher(running) if fetcher(running) != first else None)
    assert "event=fetcher_died" in running.log()
    running.stop()

    assert second
    assert not alive(second)


def test_fetcher_ends_when_the_supervisor_is_killed(daemon: DaemonFactory) -> None:
    running = started(daemon, SETTINGS)
    pid = eventually(lambda: fetcher(running))
    assert pid

    running.kill()

    eventually(lambda: not alive(pid))


def test_daemon_that_asks_nobody_has_no_fetcher(daemon: DaemonFactory) -> None:
    running = started(daemon, SETTINGS.replace("hard", "off"))

    assert "exporter" in known(running).beside
    assert fetcher(running) is None
