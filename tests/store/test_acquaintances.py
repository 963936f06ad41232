"""Who has written to whom: known after the first message, not by its own retry, and for a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from postseal.store.acquaintances import Acquaintances, expire
from postseal.store.engine import Store
from postseal.store.schema import acquaintances

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEEP = timedelta(days=30)
ANN, BOB, CY = "ann@lab.test", "bob@one.test", "cy@two.test"
ONE, TWO = b"1" * 32, b"2" * 32


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.fixture
def verbs(store: Store) -> Acquaintances:
    return Acquaintances(store, b"key", keep=KEEP)


def strangers(verbs: Acquaintances, message: bytes, *, sender: str = ANN, at: datetime = AT) -> set[str]:
    return set(verbs.strangers(sender, [BOB, CY], message, at))


def test_strangers_until_a_message_was_sent(verbs: Acquaintances) -> None:
    before = strangers(verbs, ONE)
    verbs.note(ANN, [BOB], ONE, AT)

    assert before == {BOB, CY}
    assert strangers(verbs, TWO) == {CY}
    assert strangers(verbs, TWO, sender=CY) == {BOB, CY}


def test_first_message_stays_the_first_when_it_comes_again(verbs: Acquaintances) -> None:
    verbs.note(ANN, [BOB], ONE, AT)
    verbs.note(ANN, [BOB, CY], TWO, AT)
    verbs.note(ANN, [BOB], ONE, AT + timedelta(days=2))

    assert strangers(verbs, ONE) == {BOB}
    assert strangers(verbs, TWO) == {CY}


def test_acquaintances_are_strangers_again_after_a_time_without_mail(verbs: Acquaintances) -> None:
    verbs.note(ANN, [BOB], ONE, AT)
    verbs.note(ANN, [BOB], TWO, AT + KEEP / 2)
    late, over = AT + KEEP + KEEP / 3, AT + 2 * KEEP

    assert strangers(verbs, b"3" * 32, at=late) == {CY}
    assert strangers(verbs, b"3" * 32, at=over) == {BOB, CY}
    verbs.note(ANN, [BOB], b"3" * 32, over)
    assert strangers(verbs, b"3" * 32, at=over) == {BOB, CY}
    assert strangers(verbs, ONE, at=over) == {CY}


def test_expire_removes_what_has_ended(verbs: Acquaintances, store: Store) -> None:
    verbs.note(ANN, [BOB, CY], ONE, AT)
    verbs.note(BOB, [ANN], ONE, AT + KEEP)

    assert [expire(store, AT + KEEP, limit=1) for _ in range(3)] == [1, 1, 0]
    assert strangers(verbs, TWO, at=AT + KEEP) == {BOB, CY}
    assert verbs.strangers(BOB, [ANN], TWO, AT + KEEP) == frozenset()


def test_nobody_reads_from_the_table_who_writes_to_whom(verbs: Acquaintances, store: Store) -> None:
    verbs.note(ANN, [BOB], ONE, AT)
    Acquaintances(store, b"another", keep=KEEP).note(ANN, [BOB], ONE, AT)

    rows = store.read(lambda connection: connection.execute(select(acquaintances)).all())

    assert len({row.pair for row in rows}) == len({row.message for row in rows}) == 2
    octets = b"".join(row.pair + row.message for row in rows)
    assert not any(each in octets for each in (ANN.encode(), BOB.encode(), ONE))


def test_many_recipients_at_once(verbs: Acquaintances) -> None:
    many = [f"r{number}@one.test" for number in range(2500)]
    verbs.note(ANN, many, ONE, AT)

    assert verbs.strangers(ANN, [*many, BOB], TWO, AT) == {BOB}


def test_of_many_at_the_same_moment_one_is_the_first(verbs: Acquaintances) -> None:
    messages = [bytes([number]) * 32 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda message: verbs.note(ANN, [BOB, CY], message, AT), messages))

    assert sum(strangers(verbs, message) == {BOB, CY} for message in messages) == 1
    assert strangers(verbs, TWO) == set()
