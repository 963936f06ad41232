"""Pages of sealed messages, with what each recipient has done."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from postseal.sealed.master import LocalKeys, context
from postseal.store import ring as room
from postseal.store.audit import AS_SUPER_USER, Entry, Event
from postseal.store.engine import Store
from postseal.store.migrate import migrate
from postseal.store.overview import NOTHING, Doings, Mark, Overview
from postseal.store.registry import Search
from postseal.store.ring import Opened
from postseal.store.sealed import Addressee, SealedMessage, State

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN, BOB, CAT = "ann@lab.test", "bob@one.test", "cat@two.test"
KEYS = LocalKeys({"a": bytes(32)}, "a")


@pytest.fixture
def ring(dsn: str, opened: Callable[..., Store]) -> Opened:
    return room.opened(opened(dsn), KEYS)


def add(ring: Opened, number: int, *, since: datetime, sender: str = "Ann@lab.test") -> bytes:
    id_ = bytes([number]) * 16
    recipients = tuple(
        Addressee(who, who, State.OPEN, None, since, KEYS.wrap(bytes(32), context(id_, who, ())))
        for who in (BOB, CAT)
    )
    ring.messages.add(SealedMessage(id_, f"<{number}@lab.test>", sender, (), "", 1, since, recipients))
    return id_


def test_pages_have_each_message_once_the_newest_first(ring: Opened) -> None:
    for number in range(1, 8):
        add(ring, number, since=NOON + HOUR * (number // 3))  # some at the same moment
    add(ring, 9, since=NOON, sender="eve@lab.test")
    overview, after, seen = Overview(ring.store, ring.messages), None, []

    while True:
        page = overview.page(Search(sender=ANN), after=after, limit=2)
        seen.append([listed.message.id[0] for listed in page.messages])
        after = page.after
        if after is None:
            break

    assert seen == [[7, 6], [5, 4], [3, 2], [1]]
    assert overview.page(Search(sender=ANN, recipient=BOB, until=NOON + HOUR), limit=9).after is None


def test_doings_are_told_for_each_recipient(ring: Opened) -> None:
    one, two = add(ring, 1, since=NOON), add(ring, 2, since=NOON + HOUR)
    happened = [
        (Event.CODE_SENT, one, BOB, 1),
        (Event.AUTHENTICATED, one, BOB, 2),
        (Event.SHOWN, one, BOB, 3),
        (Event.FETCHED, one, BOB, 4),
        (Event.CODE_SENT, one, BOB, 5),
        (Event.SHOWN, one, BOB, 6),
        (Event.REPLIED, one, BOB, 7),
        (Event.FETCHED, two, CAT, 8),
        (Event.UNSEALED, two, CAT, 9),
    ]
    ring.audit.add([Entry(Event.SHOWN, one, CAT, AS_SUPER_USER)], at=NOON)  # no recipient's reading
    for what, message, address, hours in happened:
        ring.audit.add([Entry(what, message, address)], at=NOON + HOUR * hours)

    newer, older = Overview(ring.store, ring.messages).page(Search(sender=ANN)).messages

    assert older.of(BOB) == Doings(
        asked=NOON + 5 * HOUR,
        authenticated=NOON + 2 * HOUR,
        first=NOON + 3 * HOUR,
        last=NOON + 6 * HOUR,
        replied=NOON + 7 * HOUR,
    )
    assert older.of(CAT) == NOTHING
    assert newer.of(CAT) == Doings(unsealed=NOON + 9 * HOUR, first=NOON + 8 * HOUR, last=NOON + 8 * HOUR)


def test_page_of_a_sender_is_read_by_indexes_in_their_order(
    sqlite_dsn: str, opened: Callable[..., Store]
) -> None:
    migrate(sqlite_dsn)
    ring = room.opened(opened(sqlite_dsn), KEYS)
    add(ring, 1, since=NOON)
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(*told: object) -> None:
        _, _, statement, parameters, *_ = told
        asked.append((str(statement), parameters))  # type: ignore[arg-type]  # SQLAlchemy hands it over so

    event.listen(ring.store._engine, "before_cursor_execute", note)
    Overview(ring.store, ring.messages).page(Search(sender=ANN), after=Mark(NOON + HOUR, b"x" * 16))
    event.remove(ring.store._engine, "before_cursor_execute", note)

    queries = [(statement, values) for statement, values in asked if statement.startswith("SELECT")]
    plans = [
        ring.store.read(lambda c, q=query: c.exec_driver_sql(f"EXPLAIN QUERY PLAN {q[0]}", q[1]).all())
        for query in queries
    ]
    assert len(plans) == 4
    assert not [step.detail for plan in plans for step in plan if step.detail.startswith("SCAN")]
    assert "ix_sealed_messages_author (author=? AND since<?)" in plans[0][0].detail
    assert len(plans[0]) == 1  # nothing is sorted
