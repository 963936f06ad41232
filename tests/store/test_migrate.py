"""Migrations: from nothing, once, under a lock, never backwards; and the file that SQLite lives in."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from postseal.errors import BadInput
from postseal.store import migrate as room
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.schema import metadata

Opened = Callable[..., Store]
NEWEST = max(file.name[:4] for file in (Path(room.__file__).parent / "migrations/versions").glob("0*.py"))


def tables(store: Store) -> set[str]:
    return set(store.read(lambda connection: inspect(connection).get_table_names()))


def test_migrate_empty_database_gets_the_tables_of_the_schema(dsn: str, opened: Opened) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert opened(dsn).read(differences) == []
    assert tables(opened(dsn)) == {"alembic_version", *metadata.tables}


def test_migrate_again_changes_nothing(dsn: str, opened: Opened, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    migrate(dsn)

    assert caplog.records == []


def test_migrate_says_so_in_one_line(empty_dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    migrate(empty_dsn)

    assert caplog.messages == [f"event=store_migrated schema={NEWEST}"]


def test_migrate_by_many_at_once_is_done_once(empty_dsn: str, opened: Opened) -> None:
    code = "import sys; from postseal.store.migrate import migrate; sys.stdin.read(); migrate(sys.argv[1])"
    command = [sys.executable, "-c", code, empty_dsn]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]

    for process in started:
        assert process.stdin
        process.stdin.close()
    ended = [(process.stderr and process.stderr.read(), process.wait(60)) for process in started]

    for process in started:
        assert process.stderr
        process.stderr.close()
    assert ended == [(b"", 0)] * 3
    assert "journal" in tables(opened(empty_dsn))


def test_migrate_that_breaks_leaves_the_old_schema(empty_dsn: str, opened: Opened) -> None:
    if empty_dsn.startswith("sqlite:"):
        room._prepare(Path(empty_dsn.removeprefix("sqlite:///")))

    def broken(connection: Connection) -> None:
        room._migrate(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        opened(empty_dsn).write(broken)

    assert tables(opened(empty_dsn)) == set()


def test_migrate_finds_senders_of_before_as_they_are_compared(
    empty_dsn: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(room.ScriptDirectory, "get_current_head", lambda _: "0009")
        patch.setattr(room.command, "upgrade", lambda config, _: upgrade(config, "0009"))
        migrate(empty_dsn)
    columns = "id, message_id, sender, rights, brand, size, since"
    row = f"INSERT INTO sealed_messages ({columns}) VALUES (:id, '<1@x>', 'Ann@Lab.Test', '', '', 1, 0)"
    opened(empty_dsn).write(lambda connection: connection.execute(text(row), {"id": b"x" * 16}))

    migrate(empty_dsn)

    authors = opened(empty_dsn).read(
        lambda connection: list(connection.scalars(text("SELECT author FROM sealed_messages")))
    )
    assert authors == ["ann@lab.test"]


def test_migrate_newer_schema_is_refused_and_left(dsn: str, opened: Opened) -> None:
    store = opened(dsn)
    store.write(
        lambda connection: connection.execute(text("UPDATE alembic_version SET version_num = '0815'"))
    )

    with pytest.raises(
        BadInput, match=f"the store has the schema 0815 of a newer Postseal; this one knows {NEWEST}"
    ):
        migrate(dsn)

    assert (
        store.read(lambda connection: connection.scalar(text("SELECT version_num FROM alembic_version")))
        == "0815"
    )


def test_sqlite_files_and_folder_are_closed_to_others(
    sqlite_dsn: str, tmp_path: Path, opened: Opened
) -> None:
    before = os.umask(0)
    try:
        migrate(sqlite_dsn)
        store = opened(sqlite_dsn)
        store.write(lambda connection: connection.execute(text("DELETE FROM journal")))
    finally:
        os.umask(before)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "store").iterdir()}
    assert modes == {"store.sqlite": 0o600, "store.sqlite-wal": 0o600, "store.sqlite-shm": 0o600}
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("name", "mode"), [("store", 0o750), ("store/store.sqlite", 0o640)])
def test_sqlite_open_to_others_is_refused(sqlite_dsn: str, tmp_path: Path, name: str, mode: int) -> None:
    migrate(sqlite_dsn)
    (tmp_path / name).chmod(mode)

    with pytest.raises(BadInput, match=rf"{name}: the store must belong to [\s\S]*hint: chown .*; chmod"):
        migrate(sqlite_dsn)


def test_sqlite_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(BadInput, match="cannot be made: Not a directory"):
        migrate(f"sqlite:///{tmp_path}/file/store/store.sqlite")
