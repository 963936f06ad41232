"""Sessions of administrators and links: what ends, what is good once, and what is worth nothing elsewhere."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from postseal.sealed.master import LocalKeys
from postseal.store import ring as room
from postseal.store.administrators import LINK_LIFE, Administrators
from postseal.store.engine import Store
from postseal.store.housekeeping import turn
from postseal.store.sessions import Sessions
from postseal.store.signing_out import sign_out
from store.asking import BOB, CAT, DAY, HOUR, MINUTE, NOON


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.fixture
def administrators(store: Store) -> Administrators:
    return Administrators(store, idle=10 * MINUTE, longest=HOUR)


def test_session_knows_who_and_ends_by_idleness_and_at_last(administrators: Administrators) -> None:
    cookie = administrators.sign_in("", BOB, "lab", at=NOON, groups=["helpdesk", 'ä, "b"'])

    known = administrators.of(cookie, at=NOON + 9 * MINUTE)
    assert known
    assert (known.address, known.how, known.groups) == (BOB, "lab", ("helpdesk", 'ä, "b"'))
    for minutes in range(18, 60, 9):
        assert administrators.of(cookie, at=NOON + minutes * MINUTE)
    assert administrators.of(cookie, at=NOON + HOUR) is None
    assert administrators.of(administrators.begin(at=NOON), at=NOON + 10 * MINUTE) is None


def test_sign_in_ends_the_session_before(administrators: Administrators) -> None:
    before = administrators.begin(at=NOON)
    cookie = administrators.sign_in(before, BOB, "lab", at=NOON)

    assert administrators.of(before, at=NOON) is None
    assert administrators.of(cookie, at=NOON)
    administrators.end(cookie)
    assert administrators.of(cookie, at=NOON) is None


def test_link_is_followed_by_one(administrators: Administrators) -> None:
    word = administrators.link(BOB, at=NOON)
    with ThreadPoolExecutor(8) as threads:
        followed = list(threads.map(lambda _: administrators.followed(word, at=NOON), range(8)))

    assert sorted(followed) == [""] * 7 + [BOB]
    late = administrators.link(BOB, at=NOON)
    assert administrators.followed(late, at=NOON + LINK_LIFE) == ""
    assert administrators.followed(late, at=NOON + LINK_LIFE - timedelta(seconds=1)) == BOB


def test_nothing_is_good_as_something_else(store: Store, administrators: Administrators) -> None:
    readers = Sessions(store)
    word, cookie = administrators.link(BOB, at=NOON), administrators.sign_in("", BOB, "lab", at=NOON)
    reader = readers.sign_in("", BOB, "lab", at=NOON)

    for other in (word, reader, f"link\0{word}"):
        assert administrators.of(other, at=NOON) is None
    for other in (cookie, reader):
        assert administrators.followed(other, at=NOON) == ""
    for other in (word, cookie, f"administrator\0{cookie}"):
        assert readers.of(other, at=NOON) is None


def test_signing_out_ends_all_of_one_address(store: Store, administrators: Administrators) -> None:
    ring = room.opened(store, LocalKeys({"a": bytes(32)}, "a"))
    readers = Sessions(store)
    mine = administrators.sign_in("", BOB, "lab", at=NOON)
    word, reader = administrators.link(BOB, at=NOON), readers.sign_in("", BOB, "passcode", at=NOON)
    others = administrators.sign_in("", CAT, "lab", at=NOON)
    assert [each.how for each in administrators.every(BOB, at=NOON)].count("link") == 1
    assert [each.how for each in readers.every(BOB, at=NOON)] == ["passcode"]

    assert sign_out(ring, BOB, by="by me", at=NOON) == (3, 0)
    assert administrators.of(mine, at=NOON) is None
    assert administrators.followed(word, at=NOON) == ""
    assert readers.of(reader, at=NOON) is None
    assert administrators.of(others, at=NOON)
    (row,) = ring.audit.every()
    assert (row.event, row.address, row.detail) == ("signed_out", BOB, "3 sessions, by me")


def test_housekeeping_forgets_what_has_ended(store: Store, administrators: Administrators) -> None:
    ring = room.opened(store, LocalKeys({"a": bytes(32)}, "a"))
    old = administrators.sign_in("", BOB, "lab", at=NOON)
    young = administrators.sign_in("", BOB, "lab", at=NOON + HOUR)

    assert turn(ring, NOON + HOUR, forget=DAY) == 1
    assert administrators.of(old, at=NOON) is None
    assert administrators.of(young, at=NOON + HOUR)
