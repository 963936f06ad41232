"""The store is looked after: made when it can be, tidied, told of; mail that needs none passes meanwhile."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import postgres as private
from demo.daemon import Daemon
from demo.place import open_directory
from demo.sink import Sink
from milterprotocol import Answer, Mail, MilterClient
from postgres import Postgres
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate
from processes import children, eventually, known, sample

POLICY = """
rules:
  - name: one of them
    when: {recipient: bob@example.test}
    then: [add_header: {X-Bob: 'yes'}]
"""
LONG_AGO = datetime.now(UTC) - timedelta(days=30)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    if private.programs() is None:
        pytest.skip("no PostgreSQL: contrib/install-tools installs it")
    with open_directory() as directory, Postgres(directory) as running:
        yield running


def prepared(directory: Path, sink: Sink, store: str = "") -> Daemon:
    settings = "workers: 1\nstore_timeout: 2s\nsubmit_timeout: 5s\n"
    return Daemon(
        directory, policies={"1.yaml": POLICY}, settings=settings, submit_port=sink.port, store=store
    )


def tell(running: Daemon, *recipients: bytes) -> Answer:
    headers = ((b"From", b" ann@lab.test"), (b"Message-ID", b" <1@lab.test>"))
    with closing(MilterClient(f"unix:{running.socket}", seconds=60)) as client:
        return client.transaction(Mail(headers, recipients=recipients))


def divided(running: Daemon) -> bool:
    """Whether mail that needs the store is taken."""
    return tell(running, b"<bob@example.test>", b"<cat@example.test>").verdict == "continue"


def accept_recovery(running: Daemon, mend: Callable[[], None], sink: Sink) -> None:
    """The store is down; *mend* is all that anybody does."""
    assert "event=store_down" in running.log()
    assert not divided(running)
    assert tell(running, b"<bob@example.test>").edits
    eventually(lambda: sample(running, "postseal_store_up") == 0)

    mend()

    eventually(lambda: divided(running))
    eventually(lambda: sample(running, "postseal_store_up") == 1)
    assert "event=store_up" in running.log()
    assert len(sink.take_one().addresses) == 1
    assert sink.is_quiet()
    assert known(running).reload.total == 0


def test_postgres_down_at_the_start_mail_that_needs_none_passes_and_it_recovers_alone(
    directory: Path, sink: Sink, server: Postgres
) -> None:
    dsn = server.new_database()
    server.stop()

    try:
        with prepared(directory, sink, dsn) as running:
            accept_recovery(running, server.start, sink)
    finally:
        server.stop()
        server.start()


def test_sqlite_locked_at_the_start_recovers_alone(directory: Path, sink: Sink) -> None:
    (directory / "store").mkdir(mode=0o700)
    place = directory / "store" / "store.sqlite"
    place.touch(mode=0o600)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        with prepared(directory, sink) as running:
            accept_recovery(running, lambda: other.execute("ROLLBACK") and None, sink)


def test_sqlite_file_that_goes_away_is_not_made_anew(directory: Path, sink: Sink) -> None:
    with prepared(directory, sink) as running:
        eventually(lambda: sample(running, "postseal_store_up") == 1)
        store = directory / "store" / "store.sqlite"
        for each in store.parent.iterdir():
            each.rename(directory / each.name)
        os.kill(known(running).beside["keeper"], signal.SIGKILL)

        eventually(lambda: sample(running, "postseal_store_up") == 0)

        assert "event=keeper_died" in running.log()
        assert not store.exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_entries_that_have_ended_are_removed_and_counted(
    directory: Path, sink: Sink, kind: str, request: pytest.FixtureRequest
) -> None:
    dsn = ""
    if kind == "postgres":
        dsn = request.getfixturevalue("server").new_database()
    place = dsn or f"sqlite:///{directory}/store/store.sqlite"
    migrate(place)
    with closing(Store(place, timeout=30)) as store:
        journal = Journal(store)
        old = [number.to_bytes(32) for number in range(2500)]
        journal.claim(old, owner="old", at=LONG_AGO, lease=timedelta(minutes=5))
        now = datetime.now(UTC)
        fresh = [(b"%d" % number).ljust(32) for number in range(3)]
        journal.claim(fresh, owner="new", at=now, lease=timedelta(days=1))
        journal.done(fresh[:1], owner="new", at=now, keep=timedelta(days=7))

    with prepared(directory, sink, dsn) as running:
        eventually(lambda: "event=journal_expired entries=2500" in running.log())
        eventually(lambda: sample(running, 'postseal_journal_entries{state="claimed"}') == 2)
        assert sample(running, 'postseal_journal_entries{state="done"}') == 1
        assert 0 <= (sample(running, "postseal_journal_oldest_claim_seconds") or -1) < 3600


def test_reload_that_needs_no_store_dismisses_the_keeper(directory: Path, sink: Sink) -> None:
    daemon = prepared(directory, sink)
    with daemon.settings_file.open("a") as file:
        file.write("smime: {lookup: {sources: [directory]}}\n")
    with daemon as running:
        eventually(lambda: sample(running, "postseal_store_up") == 1)
        text = running.settings_file.read_text()
        running.settings_file.write_text(text.replace(f"submit_to: 127.0.0.1:{sink.port}", "submit_to: none"))

        assert running.reload().reload.good

        eventually(lambda: sample(running, "postseal_store_up") is None)
        eventually(lambda: set(known(running).beside) == {"exporter"})
        eventually(lambda: len(children(running.pid)) == 2)
        running.settings_file.write_text(text)
        assert running.reload().reload.good
        eventually(lambda: sample(running, "postseal_store_up") == 1)
