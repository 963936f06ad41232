"""Passkeys: whose they are, when they end, and a counter that two answers at once do not pass."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from postseal.store.engine import Store
from postseal.store.passkeys import MOST, Passkey, Passkeys

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BOB, CAT = "bob@one.test", "cat@two.test"
KEY = Passkey(b"c" * 1023, b"k" * 300, BOB, 3, NOON, NOON + DAY)


@pytest.fixture
def passkeys(dsn: str, opened: Callable[..., Store]) -> Passkeys:
    return Passkeys(opened(dsn))


def test_passkey_is_found_by_its_credential_until_it_ends(passkeys: Passkeys) -> None:
    assert passkeys.add(KEY)

    assert passkeys.find(KEY.credential, at=NOON) == KEY
    assert passkeys.of(BOB, at=NOON) == (KEY,)
    assert passkeys.find(KEY.credential, at=NOON + DAY) is None
    assert passkeys.of(BOB, at=NOON + DAY) == ()
    assert passkeys.find(b"other", at=NOON) is None


def test_known_passkey_is_not_given_to_somebody_else(passkeys: Passkeys) -> None:
    passkeys.add(KEY)

    assert not passkeys.add(replace(KEY, address=CAT))
    assert passkeys.of(CAT, at=NOON) == ()


def test_address_has_only_so_many(passkeys: Passkeys) -> None:
    kept = [passkeys.add(replace(KEY, credential=bytes([number]))) for number in range(MOST + 1)]

    assert kept == [True] * MOST + [False]
    assert passkeys.remove_all(BOB) == MOST


def test_of_several_uses_at_once_one_counts(passkeys: Passkeys) -> None:
    passkeys.add(KEY)
    counted: list[bool] = []
    threads = [
        threading.Thread(target=lambda: counted.append(passkeys.use(KEY, 4, at=NOON))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counted) == [False] * 5 + [True]
    assert passkeys.find(KEY.credential, at=NOON) == replace(KEY, counter=4, used=NOON)


def test_ended_passkey_is_not_used_and_is_forgotten(passkeys: Passkeys) -> None:
    passkeys.add(KEY)

    assert not passkeys.use(KEY, 4, at=NOON + DAY)
    assert passkeys.tidy(NOON) == 0
    assert passkeys.tidy(NOON + DAY) == 1


def test_only_its_owner_removes_it(passkeys: Passkeys) -> None:
    passkeys.add(KEY)

    assert not passkeys.remove(CAT, KEY.id)
    assert passkeys.remove(BOB, KEY.id)
    assert not passkeys.remove(BOB, KEY.id)
