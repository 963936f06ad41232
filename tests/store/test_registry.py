"""What administrators ask and do, on both databases; `tests/cli/test_messages.py` has the commands."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from postseal.sealed.master import LocalKeys, context
from postseal.store import housekeeping
from postseal.store import ring as room
from postseal.store.containers import kept
from postseal.store.engine import Store
from postseal.store.registry import Registry, Search
from postseal.store.ring import Opened
from postseal.store.sealed import Addressee, SealedMessage, State, unwrapped

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOB, CAT = "bob@one.test", "cat_at@two.test"
KEYS = LocalKeys({"a": bytes(32)}, "a")
BOTH = LocalKeys({"a": bytes(32), "b": bytes(range(32))}, "b")


@pytest.fixture
def ring(dsn: str, opened: Callable[..., Store]) -> Opened:
    return room.opened(opened(dsn), KEYS)


@pytest.fixture
def registry(ring: Opened) -> Registry:
    return Registry(ring.store, ring.audit, ring.messages)


def add(ring: Opened, number: int, *, days: int = 0, expires: datetime | None = None) -> bytes:
    id_, since = bytes([number]) * 16, NOON - days * DAY
    recipients = tuple(
        Addressee(who, who, State.OPEN, expires, since, KEYS.wrap(bytes(32), context(id_, who, ())))
        for who in (BOB, CAT)
    )
    sender = f"ann{number}@hr.lab.test"
    ring.messages.add(SealedMessage(id_, f"<{number}@lab.test>", sender, (), "", 1, since, recipients))
    ring.containers.keep(kept(id_), id_, [b"x"], at=since, until=NOON + DAY)
    return id_


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(), [1, 2, 3]),
        (Search(message_id="<2@lab.test>"), [2]),
        (Search(sender="ann3@hr.lab.test"), [3]),
        (Search(sender="@hr.lab.test"), [1, 2, 3]),
        (Search(sender="@lab.test"), []),
        (Search(sender="@%"), []),
        (Search(recipient=BOB, since=NOON - DAY), [1, 2]),
        (Search(recipient="catXat@two.test"), []),
        (Search(until=NOON), [2, 3]),
        (Search(recipient="eve@else.test"), []),
    ],
    ids=str,
)
def test_search_finds_the_newest_first(
    ring: Opened, registry: Registry, search: Search, found: list[int]
) -> None:
    for number in (3, 1, 2):
        add(ring, number, days=number - 1)

    assert [message.id[0] for message in registry.search(search)] == found
    assert [message.id[0] for message in registry.search(search, limit=1)] == found[:1]


def test_alike_finds_by_the_beginning_of_the_id(ring: Opened, registry: Registry) -> None:
    id_ = add(ring, 0xAB)
    add(ring, 0xAC)

    assert [message.id for message in registry.alike("abab")] == [id_]
    assert [message.id for message in registry.alike(id_.hex())] == [id_]
    assert len(registry.alike("a")) == 2


def test_extend_brings_nobody_back(ring: Opened, registry: Registry) -> None:
    id_ = add(ring, 1, expires=NOON + DAY)
    ring.access.revoke(id_, [BOB], at=NOON)

    assert ring.access.extend(id_, until=NOON + 9 * DAY, at=NOON) == (CAT,)
    assert ring.access.extend(id_, until=None, at=NOON + 10 * DAY) == ()
    known = ring.messages.of(id_)
    assert known
    assert [one.readable(NOON + 8 * DAY) for one in known.recipients] == [False, True]
    assert ring.containers.find(kept(id_), NOON + 8 * DAY)


def test_extended_message_does_not_expire_meanwhile(ring: Opened, registry: Registry) -> None:
    id_ = add(ring, 1, expires=NOON + DAY)

    ring.access.extend(id_, [BOB], until=NOON + 9 * DAY, at=NOON)

    assert ring.access.expire(NOON + 2 * DAY) == 1
    known = ring.messages.of(id_)
    assert known
    assert [one.state for one in known.recipients] == [State.OPEN, State.EXPIRED]


def test_purge_leaves_the_audit_alone(ring: Opened, registry: Registry) -> None:
    id_ = add(ring, 1)

    assert registry.purge(id_, at=NOON)
    assert not registry.purge(id_, at=NOON)
    assert ring.messages.of(id_) is None
    assert ring.containers.find(kept(id_), NOON) is None
    assert [row.event for row in ring.audit.of(id_)] == ["sealed", "sealed", "purged"]
    assert ring.audit.verify().bad == 0


def test_turn_of_housekeeping_does_all_that_is_due(ring: Opened) -> None:
    over, old, left = add(ring, 1, expires=NOON), add(ring, 2), add(ring, 3)
    ring.access.revoke(old, at=NOON - 91 * DAY)
    rotated = room.opened(ring.store, BOTH)

    while housekeeping.turn(rotated, NOON, forget=90 * DAY):
        pass

    known = {message.id: message for message in ring.messages.some([over, old, left])}
    assert set(known) == {over, left}
    assert [one.state for one in known[over].recipients] == [State.EXPIRED] * 2
    new = LocalKeys({"b": bytes(range(32))}, "b")
    assert all(unwrapped(known[left], one, new) == bytes(32) for one in known[left].recipients)
    assert room.opened(ring.store, new).audit.verify().bad == 0


def test_message_that_can_still_be_restored_is_not_forgotten(ring: Opened) -> None:
    id_ = add(ring, 1, days=9)
    ring.access.revoke(id_, at=NOON - 9 * DAY, undo=NOON + DAY)

    while housekeeping.turn(ring, NOON, forget=DAY):
        pass
    assert ring.access.restore(id_, at=NOON) == (BOB, CAT)
    ring.access.revoke(id_, at=NOON, undo=NOON + DAY)
    while housekeeping.turn(ring, NOON + 3 * DAY, forget=DAY):
        pass
    assert ring.messages.of(id_) is None


def test_sender_is_found_however_he_is_written(ring: Opened, registry: Registry) -> None:
    key = KEYS.wrap(bytes(32), context(b"x" * 16, BOB, ()))
    bob = Addressee(BOB, BOB, State.OPEN, None, NOON, key)
    ring.messages.add(SealedMessage(b"x" * 16, "<1@x>", "Ann@Lab.Test", (), "", 1, NOON, (bob,)))

    (found,) = registry.search(Search(sender="ann@lab.test"))
    assert found.sender == "Ann@Lab.Test"


def test_longest_message_id_can_be_noted_and_found(ring: Opened, registry: Registry) -> None:
    chance = random.Random(1)  # what repeats is compressed
    longest = "<" + "".join(chr(chance.randrange(0x20000, 0x2A000)) for _ in range(510)) + ">"
    key = KEYS.wrap(bytes(32), context(b"x" * 16, BOB, ()))
    bob = Addressee(BOB, BOB, State.OPEN, None, NOON, key)
    ring.messages.add(SealedMessage(b"x" * 16, longest, "", (), "", 1, NOON, (bob,)))

    assert [message.id for message in registry.search(Search(message_id=longest))] == [b"x" * 16]
