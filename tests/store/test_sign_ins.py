"""Sign-ins under way: bound to browser, message and method, good once; the database alone is of no use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from postseal.store.engine import Store
from postseal.store.schema_sealed import sign_ins as table
from postseal.store.sign_ins import LIFE, Begun, Finished, Limits, SignIns, Spoilt

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION, OTHER_SESSION = b"s" * 32, b"t" * 32
MESSAGE, OTHER_MESSAGE = b"m" * 16, b"n" * 16
NETWORK = "192.0.2.0/24"
BACK = "/m/handle"


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.fixture
def sign_ins(store: Store) -> SignIns:
    return SignIns(store, b"k" * 32, limits=Limits(session=3, network=5))


def begun(
    sign_ins: SignIns, *, session: bytes = SESSION, message: bytes = MESSAGE, at: datetime = NOON
) -> Begun:
    answer = sign_ins.begin(session, message, "lab", back=BACK, network=NETWORK, at=at)
    assert answer
    return answer


def test_state_is_good_once_and_brings_back_what_was_begun(sign_ins: SignIns) -> None:
    begin = begun(sign_ins)

    assert sign_ins.finish(begin.state, SESSION, "lab", at=NOON) == Finished(MESSAGE, BACK, begin)
    assert sign_ins.finish(begin.state, SESSION, "lab", at=NOON) == Spoilt(())
    assert len({begin.state, begin.nonce, begin.verifier}) == 3
    assert all(len(each) == 43 for each in (begin.state, begin.nonce, begin.verifier))


@pytest.mark.parametrize(
    ("state", "where", "spoilt"),
    [
        ("made up", (SESSION, "lab", timedelta()), (MESSAGE,)),
        ("", (SESSION, "lab", timedelta()), (MESSAGE,)),
        ("\udcff", (SESSION, "lab", timedelta()), (MESSAGE,)),
        (None, (SESSION, "another", timedelta()), (MESSAGE,)),
        (None, (OTHER_SESSION, "lab", timedelta()), ()),
        (None, (SESSION, "lab", LIFE), ()),
    ],
    ids=["made up", "empty", "garbage", "method", "session", "late"],
)
def test_anything_else_finishes_nothing(
    sign_ins: SignIns, state: str | None, where: tuple[bytes, str, timedelta], spoilt: tuple[bytes, ...]
) -> None:
    begin = begun(sign_ins)
    session, method, after = where

    shown = begin.state if state is None else state
    assert sign_ins.finish(shown, session, method, at=NOON + after) == Spoilt(spoilt)
    if spoilt:  # whoever shows a wrong state has the right one taken away
        assert sign_ins.finish(begin.state, SESSION, "lab", at=NOON) == Spoilt(())


def test_browser_may_have_several_under_way(sign_ins: SignIns) -> None:
    first, second = begun(sign_ins), begun(sign_ins, message=OTHER_MESSAGE)

    assert isinstance(sign_ins.finish(second.state, SESSION, "lab", at=NOON), Finished)
    assert isinstance(sign_ins.finish(first.state, SESSION, "lab", at=NOON), Finished)


def test_limits_count_browsers_and_networks_by_the_hour(sign_ins: SignIns) -> None:
    def begin(session: bytes, at: datetime = NOON) -> Begun | None:
        return sign_ins.begin(session, MESSAGE, "lab", back=BACK, network=NETWORK, at=at)

    assert [bool(begin(SESSION)) for _ in range(4)] == [True, True, True, False]
    assert [bool(begin(OTHER_SESSION)) for _ in range(3)] == [True, True, False]
    assert begin(SESSION, NOON + HOUR)


def test_database_alone_finishes_nothing(store: Store, sign_ins: SignIns) -> None:
    begin = begun(sign_ins)

    row = store.read(lambda connection: connection.execute(select(table)).one())
    held = b"\0".join(value for value in row if isinstance(value, bytes)) + repr(row).encode()
    for secret in (begin.state, begin.nonce, begin.verifier, BACK):
        assert secret.encode() not in held


def test_changed_way_back_is_not_gone(store: Store, sign_ins: SignIns) -> None:
    first, second = begun(sign_ins), begun(sign_ins)
    rows = store.read(lambda connection: connection.execute(select(table)).all())
    for row, other in (rows, rows[::-1]):
        change = update(table).where(table.c.id == row.id).values(back=other.back)
        store.write(lambda connection, change=change: connection.execute(change))

    assert sign_ins.finish(first.state, SESSION, "lab", at=NOON) == Spoilt((MESSAGE,))
    assert sign_ins.finish(second.state, SESSION, "lab", at=NOON) == Spoilt((MESSAGE,))


def test_what_no_limit_counts_is_forgotten(sign_ins: SignIns) -> None:
    begun(sign_ins)
    begun(sign_ins, at=NOON + HOUR)

    assert sign_ins.tidy(NOON + HOUR) == 1
    assert sign_ins.tidy(NOON + HOUR) == 0
