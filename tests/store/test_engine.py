"""How the databases are opened, and that nothing betrays the data source name."""

import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from postgres import Postgres
from postseal.errors import BadInput, Failure
from postseal.settings.settings import Settings
from postseal.store.engine import Store
from postseal.store.migrate import migrate

Opened = Callable[..., Store]


def ask(store: Store, question: str) -> object:
    return store.read(lambda connection: connection.scalar(text(question)))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("PRAGMA journal_mode", "wal"),
        ("PRAGMA synchronous", 2),
        ("PRAGMA foreign_keys", 1),
        ("PRAGMA busy_timeout", 4000),
        ("PRAGMA journal_size_limit", 4 << 20),
    ],
)
def test_sqlite_is_opened_for_durability(
    sqlite_dsn: str, opened: Opened, question: str, expected: object
) -> None:
    migrate(sqlite_dsn)

    assert ask(opened(sqlite_dsn, timeout=5), question) == expected


def test_postgres_is_opened_for_durability_whatever_the_servers_default(
    server: Postgres, opened: Opened
) -> None:
    dsn = server.new_database()
    name = dsn.partition("@/")[2].partition("?")[0]
    for setting in ("synchronous_commit = off", "default_transaction_isolation = 'serializable'"):
        alter = text(f"ALTER DATABASE {name} SET {setting}")
        opened(dsn).write(lambda connection, alter=alter: connection.execute(alter))

    store = opened(dsn, timeout=5)
    expected = {
        "synchronous_commit": "on",
        "transaction_isolation": "read committed",
        "statement_timeout": "4s",
        "lock_timeout": "4s",
        "idle_in_transaction_session_timeout": "4s",
        "application_name": "postseal",
    }
    assert {name: ask(store, f"SHOW {name}") for name in expected} == expected


def test_postgres_what_the_dsn_says_and_a_stricter_commit_stay(postgres_dsn: str, opened: Opened) -> None:
    dsn = f"{postgres_dsn}%20-csynchronous_commit%3Dremote_apply&application_name=mine"

    assert ask(opened(dsn), "SHOW synchronous_commit") == "remote_apply"
    assert ask(opened(dsn), "SHOW application_name") == "mine"


@pytest.mark.parametrize(
    "dsn",
    [
        "sesame",
        "mysql://ann:sesame@db/x",
        "postgresql://ann:sesame@db/x",
        "postgresql+psycopg://ann:sesame@db:port/x",
        "sqlite:///relative/sesame",
        "sqlite://",
        "sqlite:////x?mode=sesame",
    ],
)
def test_dsn_that_cannot_be_used_is_refused_and_not_quoted(dsn: str) -> None:
    with pytest.raises(BadInput) as raised:
        Store(dsn, timeout=1)

    assert "sesame" not in str(raised.value)
    assert raised.value.problems[0].hint


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql+psycopg://ann:sesame@127.0.0.1:1/x",
        "postgresql+psycopg://ann@127.0.0.1:1/x?password=sesame",
        "postgresql+psycopg://ann:sesame@/x?host=/nowhere",
        "postgresql+psycopg://ann:sesame@127.0.0.1:1/x?nonsense=1",
        "postgresql+psycopg://ann:sesame@127.0.0.1:1/x?connect_timeout=nonsense",
    ],
)
def test_password_is_in_no_error_and_no_log(
    opened: Opened, caplog: pytest.LogCaptureFixture, dsn: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Failure) as raised:
        ask(opened(dsn, timeout=5), "SELECT 1")

    assert "\n" not in raised.value.detail
    for said in (str(raised.value), repr(raised.value), caplog.text, repr(Settings(store=dsn))):
        assert "sesame" not in said
    assert raised.value.__cause__ is None


def test_store_of_another_process_is_refused(sqlite_dsn: str) -> None:
    migrate(sqlite_dsn)
    code = """
import os, sys
from postseal.store.engine import Store
store = Store(sys.argv[1], timeout=5)
if os.fork() == 0:
    try:
        store.read(lambda connection: None)
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
"""
    assert run(code, sqlite_dsn) == "a store is opened after the fork\n"


def test_postgres_without_its_driver_is_told() -> None:
    code = """
import sys
sys.modules["psycopg"] = None
from postseal.errors import BadInput
from postseal.store.engine import Store
try:
    Store(sys.argv[1], timeout=5)
except BadInput as error:
    print(error)
"""
    said = run(code, "postgresql+psycopg://ann:sesame@db/x")

    assert said.startswith("store: PostgreSQL cannot be used: ")
    assert "hint: install postseal[postgres]" in said
    assert "sesame" not in said


def run(code: str, dsn: str) -> str:
    command = [sys.executable, "-c", code, dsn]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_sqlite_path_with_marks_of_a_uri(tmp_path: Path, opened: Opened) -> None:
    dsn = f"sqlite:///{tmp_path}/a b%25%3F#c/store.sqlite"
    migrate(dsn)

    assert ask(opened(dsn), "SELECT count(*) FROM journal") == 0
    assert (tmp_path / "a b%?#c" / "store.sqlite").exists()


def test_sqlite_log_that_a_reader_let_grow_is_emptied_when_he_has_gone(
    sqlite_dsn: str, opened: Opened
) -> None:
    migrate(sqlite_dsn)
    place = Path(sqlite_dsn.removeprefix("sqlite:///"))
    store, log = opened(sqlite_dsn), place.with_name(place.name + "-wal")
    with closing(sqlite3.connect(place, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM journal").fetchone()
        store.write(lambda connection: connection.execute(text("CREATE TABLE big (octets BLOB)")))
        for _ in range(60):  # octets that no later commit writes again, so that each lengthens the log
            store.write(
                lambda connection: connection.execute(text("INSERT INTO big VALUES (zeroblob(131072))"))
            )
        store.shorten()  # waits for nobody long, and does no harm
        grown = log.stat().st_size
        reader.execute("COMMIT")

    store.shorten()

    assert grown > 7 << 20
    assert log.stat().st_size == 0
    assert ask(store, "SELECT count(*) FROM big") == 60
    store.shorten()
