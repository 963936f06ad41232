"""Revoking, undoing it, extending and expiring: who reads, and which keys are left."""

import pytest
from sqlalchemy import text

from postseal.store import sealed
from postseal.store.access import Access
from postseal.store.audit import Audit
from postseal.store.engine import Store
from postseal.store.sealed import SealedMessages, State
from store.sealed_message import BOB, CAT, DAY, HOUR, KEY, KEYS, MESSAGE, NOON, found, message


@pytest.fixture
def access(store: Store, audit: Audit) -> Access:
    return Access(store, audit)


def test_revoke_one_recipient_leaves_the_other(
    messages: SealedMessages, access: Access, audit: Audit
) -> None:
    messages.add(message())

    assert access.revoke(MESSAGE, [BOB], at=NOON + HOUR) == (BOB,)

    bob, cat = found(messages, BOB), found(messages, CAT)
    assert (bob.state, bob.changed, bob.key) == (State.REVOKED, NOON + HOUR, None)
    assert not bob.readable(NOON)
    assert cat.readable(NOON)
    assert [(row.event, row.address) for row in audit.of(MESSAGE)] == [
        *(("sealed", BOB), ("sealed", CAT)),
        *(("revoked", BOB), ("key_deleted", BOB)),
    ]


def test_revoke_all_says_who_could_read_it_until_then(messages: SealedMessages, access: Access) -> None:
    messages.add(message())

    access.revoke(MESSAGE, [BOB], at=NOON)
    assert access.revoke(MESSAGE, at=NOON) == (CAT,)
    assert access.revoke(MESSAGE, at=NOON) == ()


def test_expire_deletes_the_keys_of_those_whose_time_is_over(
    messages: SealedMessages, access: Access
) -> None:
    messages.add(message(expires=NOON + DAY))
    messages.add(message(b"n" * 16))

    assert access.expire(NOON + DAY - HOUR) == 0
    assert access.expire(NOON + DAY) == 2
    assert access.expire(NOON + DAY) == 0
    assert found(messages, BOB).state is State.EXPIRED
    assert found(messages, BOB).key is None
    assert found(messages, BOB, b"n" * 16).readable(NOON + 9999 * DAY)


def test_revoke_that_can_be_undone_ends_reading_at_once(
    messages: SealedMessages, access: Access, audit: Audit
) -> None:
    messages.add(message())

    assert access.revoke(MESSAGE, [BOB], at=NOON, undo=NOON + DAY, by="by me") == (BOB,)

    bob, cat = found(messages, BOB), found(messages, CAT)
    assert (bob.state, bob.undo) == (State.REVOKED, NOON + DAY)
    assert not bob.readable(NOON)
    assert bob.restorable(NOON + DAY - HOUR)
    assert not bob.restorable(NOON + DAY)
    assert cat.readable(NOON)
    assert not cat.restorable(NOON)
    assert access.revoke(MESSAGE, [BOB], at=NOON, undo=NOON + 9 * DAY) == ()
    assert access.extend(MESSAGE, [BOB], until=None, at=NOON) == ()
    row = audit.of(MESSAGE)[-1]
    assert (row.event, row.detail) == ("revoked", "by me, can be undone until 2026-11-25T12:00:00+00:00")


def test_restore_gives_back_what_was_revoked_and_no_more(
    messages: SealedMessages, access: Access, audit: Audit
) -> None:
    sent = message(expires=NOON + 3 * DAY)
    messages.add(sent)
    access.revoke(MESSAGE, at=NOON, undo=NOON + DAY)

    assert access.restore(MESSAGE, [BOB], at=NOON + HOUR) == (BOB,)
    assert access.restore(MESSAGE, at=NOON + DAY) == ()

    bob, cat = found(messages, BOB), found(messages, CAT)
    known = messages.of(MESSAGE)
    assert known
    assert sealed.unwrapped(known, bob, KEYS) == KEY
    assert (bob.readable(NOON + 2 * DAY), bob.readable(NOON + 3 * DAY), bob.undo) == (True, False, None)
    assert cat.state is State.REVOKED
    assert [row.event for row in audit.of(MESSAGE)][2:] == ["revoked", "revoked", "restored"]


def test_key_of_who_was_revoked_is_deleted_when_it_can_no_longer_be_undone(
    messages: SealedMessages, access: Access, audit: Audit
) -> None:
    messages.add(message())
    messages.add(message(b"n" * 16, expires=NOON + HOUR))
    access.revoke(MESSAGE, [BOB], at=NOON, undo=NOON + DAY)
    access.revoke(b"n" * 16, [CAT], at=NOON, undo=NOON + DAY)

    assert access.erase(NOON) == 0
    assert access.erase(NOON + HOUR) == 1  # it would have expired by now
    assert access.erase(NOON + DAY) == 1
    assert access.erase(NOON + DAY) == 0

    for address, id_ in ((BOB, MESSAGE), (CAT, b"n" * 16)):
        one = found(messages, address, id_)
        assert (one.key, one.undo, one.state) == (None, None, State.REVOKED)
        assert access.restore(id_, [address], at=NOON) == ()
    assert audit.of(MESSAGE)[-1].event == "key_deleted"


def test_revoke_at_once_deletes_what_was_kept_for_undoing(
    messages: SealedMessages, access: Access, audit: Audit
) -> None:
    messages.add(message())
    access.revoke(MESSAGE, [BOB], at=NOON, undo=NOON + DAY)

    assert access.revoke(MESSAGE, at=NOON) == (BOB, CAT)
    assert access.revoke(MESSAGE, at=NOON) == ()

    assert [found(messages, who).key for who in (BOB, CAT)] == [None, None]
    events = [(row.event, row.address) for row in audit.of(MESSAGE)][3:]
    assert events == [("revoked", CAT), ("key_deleted", BOB), ("key_deleted", CAT)]


def test_restore_without_a_key_gives_nothing(store: Store, messages: SealedMessages, access: Access) -> None:
    messages.add(message())
    access.revoke(MESSAGE, at=NOON, undo=NOON + DAY)
    store.write(lambda connection: connection.execute(text("DELETE FROM sealed_keys")))

    assert access.restore(MESSAGE, at=NOON) == ()
