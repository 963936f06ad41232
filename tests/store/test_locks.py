"""Passphrases and numbers in the store: what is looked at, how often, and what is there to be found."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from postseal.errors import Failure
from postseal.sealed.master import LocalKeys
from postseal.store.audit import Audit
from postseal.store.engine import Store
from postseal.store.locks import DAILY, TRIES, Kind, Locks, Tried, Turn
from postseal.store.sealed import SealedMessage, SealedMessages, rewrap, unwrapped
from postseal.store.secret import Secret
from store.asking import BOB, CAT, DAY, HOUR, MINUTE, NOON, OTHER_SESSION, SESSION
from store.sealed_message import KEY, KEYS
from store.sealed_message import message as given

WORDS = "blue horse 17"
NUMBER = "+491701234567"


@pytest.fixture
def locks(dsn: str, opened: Callable[..., Store]) -> Locks:
    return Locks(opened(dsn), Secret(b"s" * 32))


@pytest.fixture
def message(locks: Locks) -> SealedMessage:
    """One with a passphrase, and a telephone for Bob."""
    plain = given()
    bob, cat = plain.recipients
    bob = replace(bob, number=locks.hidden(plain.id, bob.address, NUMBER))
    return replace(plain, lock=locks.lock(plain.id, WORDS), recipients=(bob, cat))


def tried(locks: Locks, message: SealedMessage, typed: str, *, who: str = BOB, at: datetime = NOON) -> Tried:
    reader = message.addressee(who)
    assert reader
    return locks.tried(SESSION, message, reader, typed, at=at)


def closed(
    locks: Locks, message: SealedMessage, who: str = BOB, session: bytes = SESSION
) -> tuple[Kind, ...]:
    reader = message.addressee(who)
    assert reader
    return locks.closed(session, message, reader)


def test_passphrase_opens_in_its_session_for_its_reader_and_message(
    locks: Locks, message: SealedMessage
) -> None:
    assert closed(locks, message) == (Kind.PASSPHRASE, Kind.NUMBER)
    assert tried(locks, message, "  BLUE   horse 17 ") == Tried(Turn.RIGHT)

    assert closed(locks, message) == (Kind.NUMBER,)
    assert closed(locks, message, session=OTHER_SESSION) == (Kind.PASSPHRASE, Kind.NUMBER)
    assert closed(locks, message, CAT) == (Kind.PASSPHRASE,)
    other = replace(message, id=b"o" * 16, lock=locks.lock(b"o" * 16, WORDS))
    assert closed(locks, other) == (Kind.PASSPHRASE, Kind.NUMBER)


def test_guesses_are_few_and_then_the_right_one_is_not_looked_at(
    locks: Locks, message: SealedMessage
) -> None:
    turns = [tried(locks, message, "wrong words").turn for _ in range(TRIES)]

    assert turns == [Turn.WRONG] * TRIES
    assert tried(locks, message, WORDS) == Tried(Turn.LATER, NOON + HOUR)
    assert closed(locks, message) == (Kind.PASSPHRASE, Kind.NUMBER)
    assert tried(locks, message, WORDS, who=CAT) == Tried(Turn.RIGHT)  # who has guessed was Bob
    assert tried(locks, message, WORDS, at=NOON + HOUR) == Tried(Turn.RIGHT)


def test_day_has_an_end_of_guesses(locks: Locks, message: SealedMessage) -> None:
    hours, rest = divmod(DAILY, TRIES)
    assert not rest
    for hour in range(hours):
        for _ in range(TRIES):
            assert tried(locks, message, "wrong words", at=NOON + hour * HOUR).turn is Turn.WRONG

    assert tried(locks, message, WORDS, at=NOON + hours * HOUR) == Tried(Turn.LATER, NOON + DAY)


def test_guesses_at_once_are_few(locks: Locks, message: SealedMessage) -> None:
    turns: list[Turn] = []
    begin = threading.Barrier(12)

    def guess() -> None:
        begin.wait()
        turns.append(tried(locks, message, "wrong words").turn)

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(turns) == [Turn.LATER] * (12 - TRIES) + [Turn.WRONG] * TRIES


def test_what_is_noted_tells_nothing_without_the_secret(dsn: str, opened: Callable[..., Store]) -> None:
    store = opened(dsn)
    ours, theirs = (Locks(store, Secret(octet * 32)) for octet in (b"s", b"t"))
    plain = given()
    one, two = ours.lock(plain.id, WORDS), ours.lock(plain.id, WORDS)

    assert one[1:] != two[1:]  # no two hashes are the same
    assert ours.hidden(plain.id, BOB, NUMBER) != ours.hidden(plain.id, BOB, NUMBER)
    assert NUMBER.encode() not in ours.hidden(plain.id, BOB, NUMBER)
    bob = replace(plain.recipients[0], number=ours.hidden(plain.id, BOB, NUMBER))
    assert ours.number(plain, bob) == NUMBER
    assert theirs.tried(SESSION, replace(plain, lock=one), bob, WORDS, at=NOON).turn is Turn.WRONG
    with pytest.raises(Failure):
        theirs.number(plain, bob)
    with pytest.raises(Failure):
        ours.number(plain, replace(bob, address=CAT))


def test_lock_is_kept_with_the_message_and_its_key_is_bound_to_it(
    dsn: str, opened: Callable[..., Store], locks: Locks, message: SealedMessage
) -> None:
    store = opened(dsn)
    messages = SealedMessages(store, Audit(store, b"a" * 32))
    keys = [KEYS.wrap(KEY, message.bound(one.address)) for one in message.recipients]
    recipients = tuple(replace(one, key=key) for one, key in zip(message.recipients, keys, strict=True))
    messages.add(replace(message, recipients=recipients))

    found = messages.of(message.id)
    assert found
    assert (found.lock, found.recipients[0].number) == (message.lock, message.recipients[0].number)
    assert unwrapped(found, found.recipients[0], KEYS) == KEY
    with pytest.raises(Failure):  # whoever takes the lock out of the database opens nothing
        unwrapped(replace(found, lock=b""), found.recipients[0], KEYS)
    newer = LocalKeys({"a": bytes(32), "b": b"b" * 32}, "b")
    assert rewrap(store, newer) == 2
    again = messages.of(message.id)
    assert again
    assert unwrapped(again, again.recipients[0], newer) == KEY


def test_tidy_keeps_what_is_counted(locks: Locks, message: SealedMessage) -> None:
    tried(locks, message, "wrong words")
    tried(locks, message, WORDS, at=NOON + HOUR)

    assert locks.tidy(NOON + DAY - MINUTE) == 0
    assert locks.tidy(NOON + DAY) == 1
    assert closed(locks, message) == (Kind.NUMBER,)
