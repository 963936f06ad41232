"""After revoking and scrubbing, no file of the database holds the wrapped key."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection

from postgres import Postgres
from postseal.sealed.master import LocalKeys, context
from postseal.store import housekeeping, key_backup, sealed
from postseal.store import ring as room
from postseal.store.access import Access
from postseal.store.audit import Audit
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.registry import Registry
from postseal.store.sealed import Addressee, SealedMessage, SealedMessages, State
from processes import eventually

Opened = Callable[..., Store]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEYS = LocalKeys({"a": bytes(32)}, "a")
BOTH = LocalKeys({"a": bytes(32), "b": bytes(range(32))}, "b")


class Filled:
    """A store with *count* messages of two recipients, of which some were revoked, expired or purged."""

    def __init__(self, store: Store, count: int) -> None:
        self.store = store
        audit = Audit(store, bytes(32))
        messages, access = SealedMessages(store, audit), Access(store, audit)
        registry = Registry(store, audit, messages)
        chance = random.Random(1)
        self.alive: dict[tuple[bytes, str], bytes] = {}
        self.gone: list[bytes] = []
        for number in range(count):
            self.add(messages, number.to_bytes(16, "big"))
            if self.alive and chance.random() < 0.4:  # while others come and pages are still written
                (message, address), _ = chance.choice(list(self.alive.items()))
                if chance.random() < 0.2:
                    registry.purge(message, at=NOON)
                    closed = [key for key in self.alive if key[0] == message]
                else:
                    access.revoke(message, [address], at=NOON)
                    closed = [(message, address)]
                self.gone += [self.alive.pop(key) for key in closed]

    def add(self, messages: SealedMessages, message: bytes) -> None:
        recipients = []
        for address in ("bob@one.test", "cat@two.test"):
            wrapped = KEYS.wrap(bytes(32), context(message, address, ()))
            recipients.append(Addressee(address, address, State.OPEN, None, NOON, wrapped))
            self.alive[message, address] = wrapped.octets
        known = SealedMessage(message, "<1@x.test>", "ann@lab.test", (), "", 1, NOON, tuple(recipients))
        messages.add(known)


def held(files: Iterable[Path], markers: Iterable[bytes]) -> int:
    """How many of *markers* are in any of *files*."""
    contents = [file.read_bytes() for file in files if file.is_file()]
    return sum(any(marker in content for content in contents) for marker in markers)


def test_sqlite_files_hold_no_key_that_was_deleted(sqlite_dsn: str, opened: Opened, tmp_path: Path) -> None:
    migrate(sqlite_dsn)
    filled = Filled(opened(sqlite_dsn), 150)
    files = list((tmp_path / "store").iterdir())
    assert len(filled.gone) > 50
    assert held(files, filled.gone) > 0  # in the log, until it is scrubbed

    assert sealed.scrub(filled.store)

    assert held(files, filled.gone) == 0
    assert held(files, filled.alive.values()) == len(filled.alive)


def test_sqlite_files_hold_no_key_of_an_older_master_key(
    sqlite_dsn: str, opened: Opened, tmp_path: Path
) -> None:
    migrate(sqlite_dsn)
    filled = Filled(opened(sqlite_dsn), 40)

    while sealed.rewrap(filled.store, BOTH):
        pass
    assert sealed.scrub(filled.store)

    assert held((tmp_path / "store").iterdir(), [*filled.gone, *filled.alive.values()]) == 0


def test_scrub_says_when_a_reader_is_in_the_way(sqlite_dsn: str, opened: Opened) -> None:
    migrate(sqlite_dsn)
    filled, other = Filled(opened(sqlite_dsn, timeout=5), 5), opened(sqlite_dsn)

    def reading(connection: Connection) -> bool:
        connection.exec_driver_sql("SELECT count(*) FROM sealed_keys").one()
        access = Access(filled.store, Audit(filled.store, bytes(32)))
        access.revoke((4).to_bytes(16, "big"), at=NOON)
        return sealed.scrub(filled.store)

    assert not other.read(reading)
    assert sealed.scrub(filled.store)


def test_postgres_tables_hold_no_key_that_was_deleted(server: Postgres, opened: Opened) -> None:
    dsn = server.new_database()
    migrate(dsn)
    filled = Filled(opened(dsn), 150)
    data = server._data

    sealed.scrub(filled.store)

    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    tables = [*data.glob("base/**/*"), *data.glob("global/*")]
    assert held(tables, filled.gone) == 0
    assert held(tables, filled.alive.values()) == len(filled.alive)
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        # What docs/operations.md asks for, lest the log keeps for long what the tables have lost.
        connection.execute("ALTER SYSTEM SET wal_recycle = off")
        connection.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
        connection.execute("SELECT pg_reload_conf()")

        def removed() -> bool:
            # The checkpointer may not have heard of the settings at once, and what it has kept until then is
            # gone when the log has moved past it.
            connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
            return held(data.rglob("*"), filled.gone) == 0

        assert eventually(removed, seconds=300)  # each look reads the whole log
        connection.execute("ALTER SYSTEM RESET ALL")


def test_sqlite_files_hold_no_key_that_can_no_longer_be_undone(
    sqlite_dsn: str, opened: Opened, tmp_path: Path
) -> None:
    migrate(sqlite_dsn)
    store = opened(sqlite_dsn)
    filled, ring = Filled(store, 20), room.opened(store, KEYS)
    withdrawn = [octets for (_, address), octets in filled.alive.items() if address.startswith("bob")]
    for message, address in filled.alive:
        if address.startswith("bob"):
            ring.access.revoke(message, [address], at=NOON, undo=NOON + timedelta(days=1))
    files = list((tmp_path / "store").iterdir())
    assert len(withdrawn) > 5
    assert held(files, withdrawn) == len(withdrawn)
    backup = b"".join(key_backup.lines(store))
    assert not [octets for octets in withdrawn if octets.hex().encode() in backup]

    while housekeeping.turn(ring, NOON + timedelta(days=1), forget=timedelta(days=90)):
        pass

    assert held(files, withdrawn) == 0


@pytest.mark.parametrize("count", [30])
def test_backup_of_the_keys_holds_no_key_that_was_deleted(dsn: str, opened: Opened, count: int) -> None:
    filled = Filled(opened(dsn), count)

    backup = b"".join(key_backup.lines(filled.store))

    assert not [octets for octets in filled.gone if octets.hex().encode() in backup]
    assert all(octets.hex().encode() in backup for octets in filled.alive.values())
