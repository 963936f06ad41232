"""How many passcodes there are, for whom, and that strangers cannot use up what somebody may ask for."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert

from postseal.store.engine import Store
from postseal.store.passcode_limits import Limited, Limits
from postseal.store.passcodes import Answer, Passcodes
from postseal.store.schema_sealed import sealed_messages, sealed_recipients
from store.asking import (
    BOB,
    CAT,
    DAY,
    HOUR,
    MESSAGE,
    MINUTE,
    NETWORK,
    NOON,
    OTHER_MESSAGE,
    OTHER_SESSION,
    SESSION,
    code_of,
    issued,
)

THIRD_MESSAGE = b"o" * 16


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.mark.parametrize(
    ("limit", "span"),
    [
        (Limits(hourly=2), HOUR),
        (Limits(hourly=99, daily=2), DAY),
        (Limits(hourly=99, network=2), HOUR),
        (Limits(hourly=99, everybody=2), HOUR),
    ],
    ids=["hourly", "daily", "network", "everybody"],
)
def test_codes_are_limited(store: Store, limit: Limits, span: timedelta) -> None:
    passcodes = Passcodes(store, b"k" * 32, limits=limit)
    readable(store, MESSAGE)
    for minute in range(2):
        issued(passcodes, at=NOON + minute * MINUTE)

    answer = passcodes.request(OTHER_SESSION, MESSAGE, BOB, network=NETWORK, known=True, at=NOON + 2 * MINUTE)

    assert isinstance(answer, Limited)
    assert answer.again == NOON + span
    issued(passcodes, at=NOON + span)


def test_address_with_its_share_gets_no_more_and_nobody_is_told(store: Store) -> None:
    passcodes = Passcodes(store, b"k" * 32, limits=Limits(99, 99, 99, 99, address=2))
    for message in (MESSAGE, OTHER_MESSAGE, THIRD_MESSAGE):
        readable(store, message)
    for message in (MESSAGE, OTHER_MESSAGE):
        issued(passcodes, message=message)

    more = issued(passcodes, message=THIRD_MESSAGE)

    assert more.code is None
    assert passcodes.waiting(SESSION, THIRD_MESSAGE, at=NOON)
    code_of(issued(passcodes, message=THIRD_MESSAGE, address=CAT))
    code_of(issued(passcodes, message=THIRD_MESSAGE, at=NOON + DAY))


def test_address_with_too_many_wrong_guesses_gets_no_more(store: Store) -> None:
    passcodes = Passcodes(store, b"k" * 32, limits=Limits(99, 99, 99, 99, misses=3))
    for message in (MESSAGE, OTHER_MESSAGE):
        readable(store, message)
    issued(passcodes)
    for _ in range(3):
        passcodes.redeem(SESSION, MESSAGE, BOB, "x", at=NOON)

    assert issued(passcodes, message=OTHER_MESSAGE).code is None


def test_codes_for_what_an_address_may_not_read_are_not_its_share(store: Store) -> None:
    """Anybody with a message of his own could keep everybody else from reading."""
    passcodes = Passcodes(store, b"k" * 32, limits=Limits(99, 99, 99, 99, address=2, misses=3))
    readable(store, MESSAGE)
    for _ in range(9):
        issued(passcodes, session=OTHER_SESSION, message=OTHER_MESSAGE, known=False)
        passcodes.redeem(OTHER_SESSION, OTHER_MESSAGE, BOB, "x", at=NOON)

    code_of(issued(passcodes))


def test_codes_for_nobody_use_up_nothing_of_everybody(store: Store) -> None:
    """One message and a thousand networks of IPv6 would keep everybody from reading."""
    passcodes = Passcodes(store, b"k" * 32, limits=Limits(99, 99, 99, everybody=2))
    readable(store, MESSAGE)
    for number in range(9):
        issued(passcodes, message=OTHER_MESSAGE, address=f"nobody-{number}@one.test", known=False)

    code_of(issued(passcodes))


def readable(store: Store, message: bytes) -> None:
    """Let Bob read *message*."""
    values = {"id": message, "message_id": "", "sender": "", "rights": "", "brand": "", "size": 1}
    whose = {"message": message, "address": BOB, "written": BOB, "state": "open", "changed": NOON}

    def work(connection: Connection) -> None:
        connection.execute(insert(sealed_messages).values(since=NOON, **values))
        connection.execute(insert(sealed_recipients).values(whose))

    store.write(work)


def test_right_guesses_are_no_misses(store: Store) -> None:
    passcodes = Passcodes(store, b"k" * 32, limits=Limits(99, 99, 99, 99, misses=1))
    readable(store, MESSAGE)
    for _ in range(3):
        code = code_of(issued(passcodes))
        assert passcodes.redeem(SESSION, MESSAGE, BOB, code, at=NOON) is Answer.RIGHT
