"""Replies: kept in one step with the audit, claimed by one, gone when they have left."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from postseal.body import Spool
from postseal.errors import Failure
from postseal.sealed.container import Tampered, opened
from postseal.sealed.master import LocalKeys
from postseal.store import ring as room
from postseal.store.audit import Event
from postseal.store.containers import waiting
from postseal.store.engine import Store
from postseal.store.housekeeping import turn
from postseal.store.migrate import migrate
from postseal.store.outbox import Outbox, State, Target, Waiting, Way
from postseal.store.ring import Opened

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ORIGINAL, REPLY = b"o" * 16, b"r" * 16
BOB = "bob@one.test"
ANN = Target("ann@lab.test", Way.INSIDE)
CAT = Target("cat@two.test", Way.SEALED)
TEXT = b"A reply that only Ann may read. " * 50_000


@pytest.fixture
def ring(dsn: str, opened: Callable[..., Store]) -> Opened:
    return room.opened(opened(dsn), LocalKeys({"a": bytes(32)}, "a"))


def put(outbox: Outbox, *targets: Target, reply: bytes = REPLY, pieces: tuple[bytes, ...] = (TEXT,)) -> bool:
    return outbox.put(
        reply,
        pieces,
        message=ORIGINAL,
        address=BOB,
        targets=targets or (ANN, CAT),
        at=NOON,
        until=NOON + DAY,
    )


def claimed(outbox: Outbox, at: datetime = NOON) -> Waiting:
    found = outbox.claim(at, MINUTE)
    assert found
    return found


def read(ring: Opened, reply: Waiting) -> bytes:
    container = ring.containers.find(waiting(reply.id), NOON)
    assert container
    return opened(ring.containers.pieces(container), ring.outbox.key(reply), Spool()).read()


def test_reply_is_kept_sealed_and_in_the_audit(ring: Opened) -> None:
    assert put(ring.outbox)

    reply = claimed(ring.outbox)
    assert (reply.message, reply.address, reply.tries, reply.until) == (ORIGINAL, BOB, 1, NOON + DAY)
    assert reply.left == (ANN, CAT)
    assert read(ring, reply) == TEXT
    (row,) = ring.audit.of(ORIGINAL)
    assert (row.event, row.address, row.detail) == (Event.REPLIED.value, BOB, "2 recipients")
    assert ring.audit.verify().bad == 0


def test_reply_that_comes_twice_is_kept_once(ring: Opened) -> None:
    with ThreadPoolExecutor(8) as threads:
        new = list(threads.map(lambda _: put(ring.outbox), range(8)))

    assert sorted(new) == [False] * 7 + [True]
    assert len(ring.audit.of(ORIGINAL)) == 1
    assert ring.outbox.oldest() == (1, NOON)
    assert read(ring, claimed(ring.outbox)) == TEXT
    count = ring.store.read(lambda connection: connection.scalar(text("SELECT count(*) FROM containers")))
    assert count == 1


def test_reply_that_cannot_be_written_leaves_nothing_that_is_found(ring: Opened) -> None:
    def broken() -> Iterator[bytes]:
        yield TEXT
        raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        put(ring.outbox, pieces=broken())  # type: ignore[arg-type] # any iterable

    assert ring.outbox.claim(NOON + DAY, MINUTE) is None
    assert ring.audit.of(ORIGINAL) == ()
    assert ring.containers.tidy(NOON + DAY) == 1


def test_claim_is_given_to_one_until_the_lease_ends(ring: Opened) -> None:
    put(ring.outbox)
    with ThreadPoolExecutor(8) as threads:
        got = [each for each in threads.map(lambda _: ring.outbox.claim(NOON, MINUTE), range(8)) if each]

    assert len(got) == 1
    assert ring.outbox.claim(NOON + MINUTE - timedelta(microseconds=1), MINUTE) is None
    assert claimed(ring.outbox, NOON + MINUTE).tries == 2


def test_claim_takes_what_is_due_first_and_not_what_is_later(ring: Opened) -> None:
    for reply in (b"1" * 16, b"2" * 16):
        put(ring.outbox, reply=reply)
    first = claimed(ring.outbox)
    ring.outbox.later(first.id, NOON + 10 * MINUTE)

    assert claimed(ring.outbox).id != first.id
    assert ring.outbox.claim(NOON + MINUTE / 2, MINUTE) is None
    assert {claimed(ring.outbox, NOON + 10 * MINUTE).id for _ in range(2)} == {b"1" * 16, b"2" * 16}


def test_unsent_tells_who_waits_and_why(ring: Opened) -> None:
    put(ring.outbox)
    put(ring.outbox, reply=b"s" * 16)
    reply = claimed(ring.outbox)
    ring.outbox.settle(reply.id, ANN, State.SENT)
    ring.outbox.waits(reply.id, "421 4.3.2\r\nnot now")
    ring.outbox.later(reply.id, NOON + 10 * MINUTE)

    told = {each.id: each for each in ring.outbox.unsent()}
    assert set(told) == {b"r" * 16, b"s" * 16}
    assert (told[reply.id].due, told[reply.id].address) == (NOON + 10 * MINUTE, BOB)
    assert [each.why for each in told[reply.id].left] == ["421 4.3.2  not now"]
    assert [each.why for each in told[reply.id].targets if each.state is State.SENT] == [""]
    assert len(ring.outbox.unsent(limit=1)) == 1


def test_hastened_reply_is_claimed_at_once(ring: Opened) -> None:
    for reply in (REPLY, b"s" * 16):
        put(ring.outbox, reply=reply)
        ring.outbox.later(claimed(ring.outbox).id, NOON + DAY / 2)
    assert ring.outbox.claim(NOON + MINUTE, MINUTE) is None

    assert ring.outbox.hasten(REPLY, at=NOON + MINUTE) == 1
    assert claimed(ring.outbox, NOON + MINUTE).id == REPLY
    assert ring.outbox.hasten(at=NOON + 2 * MINUTE) == 2
    assert {claimed(ring.outbox, NOON + 2 * MINUTE).id for _ in range(2)} == {REPLY, b"s" * 16}
    ring.outbox.close(claimed(ring.outbox, NOON + DAY), at=NOON + DAY)
    assert ring.outbox.hasten(at=NOON + DAY) == 1


def test_close_of_what_has_left_forgets_everything_but_that_it_was_there(ring: Opened) -> None:
    put(ring.outbox)
    reply = claimed(ring.outbox)
    for target in (ANN, CAT):
        ring.outbox.settle(reply.id, target, State.SENT)

    ring.outbox.close(reply, at=NOON)

    assert ring.containers.find(waiting(REPLY), NOON) is None
    assert ring.outbox.claim(NOON + DAY, MINUTE) is None
    assert ring.outbox.given_up(ORIGINAL, BOB) == ()
    assert ring.outbox.oldest() == (0, None)
    assert not put(ring.outbox)  # the button of its form may be pressed once more
    assert ring.outbox.tidy(NOON + timedelta(days=30)) == 1


def test_close_of_what_was_given_up_keeps_who_has_none_and_no_key(ring: Opened) -> None:
    put(ring.outbox)
    reply = claimed(ring.outbox)
    ring.outbox.settle(reply.id, ANN, State.SENT)
    ring.outbox.settle(reply.id, CAT, State.FAILED, "550 5.1.1\r\nno such user" + "x" * 500)
    container = ring.containers.find(waiting(REPLY), NOON)
    assert container
    octets = b"".join(ring.containers.pieces(container))

    ring.outbox.close(reply, at=NOON)
    ring.outbox.close(reply, at=NOON)

    (known,) = ring.outbox.given_up(ORIGINAL, BOB)
    assert [each.address for each in known.failed] == [CAT.address]
    assert known.failed[0].why.startswith("550 5.1.1  no such user")
    assert known.seed == b""
    with pytest.raises(Tampered):
        opened([octets], ring.outbox.key(known), Spool())
    assert [row.event for row in ring.audit.of(ORIGINAL)] == ["replied", "failed"]
    assert ring.outbox.given_up(ORIGINAL, "dan@one.test") == ()
    assert ring.outbox.tidy(NOON + timedelta(days=30) - MINUTE) == 0
    assert ring.outbox.tidy(NOON + timedelta(days=30)) == 1


def test_housekeeping_leaves_a_reply_that_waits(ring: Opened) -> None:
    put(ring.outbox)

    turn(ring, NOON + 20 * DAY, forget=DAY)

    assert read(ring, claimed(ring.outbox, NOON + 20 * DAY)) == TEXT


def test_nothing_of_a_reply_is_in_the_database_in_clear_and_no_seed_afterwards(
    sqlite_dsn: str, opened: Callable[..., Store]
) -> None:
    migrate(sqlite_dsn)
    store = opened(sqlite_dsn)
    ring = room.opened(store, LocalKeys({"a": bytes(32)}, "a"))
    folder = Path(sqlite_dsn.removeprefix("sqlite:///")).parent

    def found(octets: bytes) -> bool:
        return any(octets in file.read_bytes() for file in folder.iterdir())

    put(ring.outbox)
    reply = claimed(ring.outbox)
    assert found(reply.seed)
    assert not found(TEXT[:20])
    for target in (ANN, CAT):
        ring.outbox.settle(reply.id, target, State.SENT)
    ring.outbox.close(reply, at=NOON)
    store.scrub("outbox")
    assert not found(reply.seed)


def test_store_that_is_away_is_a_failure(sqlite_dsn: str, opened: Callable[..., Store]) -> None:
    migrate(sqlite_dsn)
    ring = room.opened(opened(sqlite_dsn), LocalKeys({"a": bytes(32)}, "a"))
    ring.store.close()
    Path(sqlite_dsn.removeprefix("sqlite:///")).unlink()

    with pytest.raises(Failure):
        put(ring.outbox)
