"""When the database fails: a Failure in time, nothing half done, and the same store goes on afterwards."""

import os
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from postgres import Postgres
from postseal.errors import Cause, Failure
from postseal.store.engine import Store
from postseal.store.journal import Claim, Count, Journal
from postseal.store.migrate import migrate

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
TIMEOUT = 1.0
SLACK = 20.0
"""What a busy machine may add."""

Opened = Callable[..., Store]


def claim(store: Store, name: str, many: int = 1) -> Claim:
    keys = [name.encode().ljust(30) + number.to_bytes(2) for number in range(many)]
    (claim,) = set(Journal(store).claim(keys, owner=name, at=NOON, lease=LEASE).values())
    return claim


def succeed(store: Store, name: str) -> None:
    """Claim a new key; tried again for a while, since a busy machine can use up the short timeout too."""
    patient = time.monotonic() + 60
    while True:
        try:
            assert claim(store, name) is Claim.MINE
        except Failure:
            assert time.monotonic() < patient
        else:
            break


def fail(store: Store, *, why: str) -> None:
    """Claim, and see it fail in time with the reason *why*."""
    begun = time.monotonic()
    with pytest.raises(Failure, match=why) as raised:
        claim(store, "never")
    assert raised.value.cause is Cause.STORE
    assert time.monotonic() - begun < TIMEOUT + SLACK


def fail_at_once(store: Store, many: int) -> None:
    with ThreadPoolExecutor(many) as threads:
        for ended in [threads.submit(fail, store, why="locked|no connection|no answer") for _ in range(many)]:
            ended.result()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@pytest.fixture
def file(sqlite_dsn: str) -> Path:
    migrate(sqlite_dsn)
    return Path(sqlite_dsn.removeprefix("sqlite:///"))


def test_sqlite_locked_by_another_fails_and_recovers(file: Path, sqlite_dsn: str, opened: Opened) -> None:
    store = opened(sqlite_dsn, timeout=TIMEOUT)

    with locked(file):
        fail(store, why="OperationalError: database is locked|no answer within 1 s")
        assert Journal(opened(sqlite_dsn)).count() == Count(0, 0)  # who only reads need not wait

    succeed(store, "after")


def test_many_threads_while_it_fails_all_end_in_time(file: Path, sqlite_dsn: str, opened: Opened) -> None:
    store = opened(sqlite_dsn, timeout=TIMEOUT)

    with locked(file):
        fail_at_once(store, 20)

    succeed(store, "after")


def test_sqlite_file_that_is_gone_fails_and_is_not_made_anew(
    file: Path, sqlite_dsn: str, opened: Opened
) -> None:
    file.unlink()

    fail(opened(sqlite_dsn), why="unable to open database file")

    assert not file.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system needs the right to mount one")
    yield place
    subprocess.run(["umount", place], check=True)


def fill(store: Store, known: list[str]) -> None:
    """Claim until it fails; what was answered is added to *known*."""
    for number in range(10_000):
        claim(store, str(number), many=100)
        known.append(str(number))


def test_sqlite_disk_full_fails_and_forgets_nothing(small_disk: Path) -> None:
    file = small_disk / "store" / "store.sqlite"
    migrate(f"sqlite:///{file}")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (512 << 10))
    with closing(Store(f"sqlite:///{file}", timeout=30)) as store:
        known: list[str] = []
        with pytest.raises(Failure, match=r"disk is full|disk I/O error"):
            fill(store, known)
        ballast.unlink()

        assert claim(store, "after", many=100) is Claim.MINE
        known.append("after")
        assert {claim(store, name, many=100) for name in known} == {Claim.MINE}
        assert Journal(store).count() == Count(claimed=100 * len(known), done=0)
        assert store.read(lambda connection: connection.scalar(text("PRAGMA integrity_check"))) == "ok"


def test_without_schema_fails_until_migrated(postgres_dsn: str, opened: Opened) -> None:
    store = opened(postgres_dsn)

    fail(store, why='UndefinedTable: relation "journal" does not exist')
    migrate(postgres_dsn)

    assert claim(store, "after") is Claim.MINE


def test_postgres_down_fails_and_recovers(server: Postgres, postgres_dsn: str, opened: Opened) -> None:
    migrate(postgres_dsn)
    store = opened(postgres_dsn)
    claim(store, "before")

    server.stop()
    fail(store, why="OperationalError: .*No such file or directory")
    server.start()

    assert claim(store, "after") is Claim.MINE
    assert Journal(store).count() == Count(claimed=2, done=0)


def test_postgres_restarted_between_two_calls_is_not_noticed(
    server: Postgres, postgres_dsn: str, opened: Opened
) -> None:
    migrate(postgres_dsn)
    store = opened(postgres_dsn)
    claim(store, "before")

    server.stop()
    server.start()

    assert claim(store, "after") is Claim.MINE


def test_postgres_restarted_within_a_transaction_undoes_it(
    server: Postgres, postgres_dsn: str, opened: Opened
) -> None:
    migrate(postgres_dsn)
    store = opened(postgres_dsn)
    claim(store, "before")

    def work(connection: Connection) -> None:
        connection.execute(text("DELETE FROM journal"))
        server.stop()
        server.start()
        connection.execute(text("SELECT 1"))

    with pytest.raises(Failure, match=r"terminating connection|server closed the connection"):
        store.write(work)

    assert Journal(store).count() == Count(claimed=1, done=0)


def test_postgres_that_hangs_fails_in_time_and_recovers(
    server: Postgres, postgres_dsn: str, opened: Opened
) -> None:
    migrate(postgres_dsn)
    store = opened(postgres_dsn, timeout=TIMEOUT)
    succeed(store, "before")

    server.pause()
    try:
        fail_at_once(store, 6)  # more than there are connections
        fail(store, why="no connection|no answer")
    finally:
        server.resume()

    succeed(store, "after")


def test_server_that_accepts_and_says_nothing_fails_in_time(opened: Opened) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]

        fail(opened(f"postgresql+psycopg://127.0.0.1:{port}/x", timeout=TIMEOUT), why="no answer within 1 s")


def test_late_work_is_undone(dsn: str, opened: Opened) -> None:
    store, late, ended = opened(dsn, timeout=TIMEOUT), threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        connection.execute(text("DELETE FROM journal"))
        late.wait(30)
        ended.set()

    succeed(store, "before")
    with pytest.raises(Failure, match="no answer within 1 s"):
        store.write(work)
    late.set()
    ended.wait(30)

    assert claim(opened(dsn), "after") is Claim.MINE
    assert Journal(opened(dsn)).count() == Count(claimed=2, done=0)


def test_work_that_raises_is_undone_and_raises(dsn: str, opened: Opened) -> None:
    store = opened(dsn)
    claim(store, "before")

    def work(connection: Connection) -> None:
        connection.execute(text("DELETE FROM journal"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(work)

    assert Journal(store).count() == Count(claimed=1, done=0)
