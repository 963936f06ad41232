"""That somebody has read, for the audit and once for the sender."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from postseal.store.audit import Audit, Entry, Event
from postseal.store.engine import Store
from postseal.store.read_notices import Due, ReadNotices
from postseal.store.registry import Registry
from postseal.store.sealed import SealedMessages
from store.sealed_message import BOB, CAT, DAY, HOUR, MESSAGE, NOON, message

LEASE = timedelta(minutes=5)
SHOWN = Entry(Event.SHOWN, MESSAGE, BOB)


@pytest.fixture
def notices(store: Store, audit: Audit, messages: SealedMessages) -> ReadNotices:
    messages.add(replace(message(), read_notice=True))
    return ReadNotices(store, audit)


def test_first_reading_of_each_is_told_once(notices: ReadNotices, audit: Audit) -> None:
    assert notices.note(SHOWN, at=NOON)
    assert not notices.note(SHOWN, at=NOON + HOUR)
    assert not notices.note(Entry(Event.FETCHED, MESSAGE, BOB, "1"), at=NOON + HOUR)
    assert notices.note(Entry(Event.FETCHED, MESSAGE, CAT, "1"), at=NOON + HOUR)
    assert notices.waiting() == 2

    assert notices.claim(NOON, LEASE) == Due(MESSAGE, BOB, NOON, 1)
    assert notices.claim(NOON, LEASE) is None
    again = notices.claim(NOON + LEASE, LEASE)
    assert again == Due(MESSAGE, BOB, NOON, 2)
    notices.later(again, NOON + 9 * HOUR)
    cat = notices.claim(NOON + 2 * HOUR, LEASE)
    assert cat == Due(MESSAGE, CAT, NOON + HOUR, 1)
    notices.done(cat, Event.SENDER_TOLD, at=NOON + 2 * HOUR)
    notices.done(again, Event.FAILED, "no", at=NOON + 2 * HOUR)

    assert notices.claim(NOON + DAY, LEASE) is None
    assert notices.waiting() == 0
    rows = [(row.event, row.address, row.detail) for row in audit.of(MESSAGE)][2:]
    assert [event for event, *_ in rows[:4]] == ["shown", "shown", "fetched", "fetched"]
    assert rows[4:] == [("sender_told", CAT, ""), ("failed", BOB, "no")]
    assert audit.verify().bad == 0


def test_nobody_is_told_who_does_not_want_it(notices: ReadNotices, audit: Audit) -> None:
    notices.want(MESSAGE, wanted=False)
    assert not notices.note(SHOWN, at=NOON)

    notices.want(MESSAGE, wanted=True)
    assert not notices.note(SHOWN, at=NOON)  # it was read before
    assert notices.note(Entry(Event.SHOWN, MESSAGE, CAT), at=NOON)
    notices.want(MESSAGE, wanted=False)

    assert notices.claim(NOON, LEASE) is None
    assert len(audit.of(MESSAGE)) == 2 + 3


def test_who_reads_his_own_is_not_told(store: Store, audit: Audit, messages: SealedMessages) -> None:
    messages.add(replace(message(), sender="Bob@One.test", read_notice=True))

    assert not ReadNotices(store, audit).note(SHOWN, at=NOON)


def test_note_goes_with_its_message(notices: ReadNotices, store: Store, audit: Audit) -> None:
    notices.note(SHOWN, at=NOON)
    due = notices.claim(NOON, LEASE)
    assert due

    Registry(store, audit, SealedMessages(store, audit)).purge(MESSAGE, at=NOON)

    notices.later(due, NOON)
    assert notices.claim(NOON + DAY, LEASE) is None


def test_of_many_first_readings_at_once_one_is_told(
    dsn: str, opened: Callable[..., Store], notices: ReadNotices
) -> None:
    told: list[bool] = []

    def read(store: Store) -> None:
        told.append(ReadNotices(store, Audit(store, b"audit" * 6 + b"ab")).note(SHOWN, at=NOON))

    threads = [threading.Thread(target=read, args=(opened(dsn),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(told) == [False, False, False, True]
    assert notices.waiting() == 1
