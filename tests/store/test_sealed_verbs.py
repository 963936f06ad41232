"""Sealed messages, their keys, containers and audit in the store."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import text

from postseal.errors import Cause, Failure
from postseal.sealed.master import LocalKeys
from postseal.store import sealed, secret
from postseal.store.audit import Audit, Entry, Event
from postseal.store.containers import PIECE, Containers, kept, posted
from postseal.store.engine import Store
from postseal.store.sealed import SealedMessages
from store.sealed_message import BOB, DAY, HOUR, KEY, KEYS, MESSAGE, NOON, message

BOTH = LocalKeys({"a": bytes(32), "b": bytes(range(32))}, "b")


def test_added_message_is_found_with_its_keys(messages: SealedMessages) -> None:
    sent = message(expires=NOON + DAY)

    assert messages.add(sent)
    assert not messages.add(sent)

    known = messages.of(MESSAGE)
    assert known == sent
    assert known
    assert known.recipients == sent.recipients
    bob = known.addressee(BOB)
    assert bob
    assert sealed.unwrapped(known, bob, KEYS) == KEY
    assert bob.readable(NOON)
    assert not bob.readable(NOON + DAY)
    assert known.addressee("eve@else.test") is None
    assert messages.of(b"x" * 16) is None


def test_key_of_one_recipient_is_no_use_to_another_nor_with_other_rights(messages: SealedMessages) -> None:
    messages.add(message())
    known = messages.of(MESSAGE)
    assert known
    bob, cat = known.recipients

    for stolen, whose in ((known, replace(cat, key=bob.key)), (replace(known, rights=()), bob)):
        with pytest.raises(Failure) as raised:
            sealed.unwrapped(stolen, whose, KEYS)
        assert raised.value.cause is Cause.KEYS


def test_rewrap_leaves_nothing_under_the_old_master_key(store: Store, messages: SealedMessages) -> None:
    messages.add(message())
    messages.add(message(b"n" * 16))

    assert sealed.rewrap(store, BOTH, limit=3) == 3
    assert sealed.rewrap(store, BOTH, limit=3) == 1
    assert sealed.rewrap(store, BOTH, limit=3) == 0

    known = messages.of(MESSAGE)
    assert known
    new = LocalKeys({"b": bytes(range(32))}, "b")
    assert sealed.unwrapped(known, known.recipients[0], new) == KEY


def test_secret_is_made_once_and_survives_rotation(store: Store) -> None:
    first = secret.load(store, KEYS).derive("audit")

    assert secret.load(store, KEYS).derive("audit") == first
    assert secret.load(store, KEYS).derive("passcode") != first
    assert secret.rewrap(store, BOTH)
    assert not secret.rewrap(store, BOTH)
    assert secret.load(store, LocalKeys({"b": bytes(range(32))}, "b")).derive("audit") == first


def test_secret_of_another_master_key_is_a_failure(store: Store) -> None:
    secret.load(store, KEYS)

    for keys in (LocalKeys({"a": b"x" * 32}, "a"), LocalKeys({"z": bytes(32)}, "z")):
        with pytest.raises(Failure) as raised:
            secret.load(store, keys)
        assert raised.value.cause is Cause.KEYS


ENTRIES = [
    Entry(Event.SEALED, MESSAGE, BOB),
    Entry(Event.CODE_SENT, MESSAGE, BOB),
    Entry(Event.AUTHENTICATED, MESSAGE, BOB, "passcode"),
    Entry(Event.SHOWN, MESSAGE, BOB),
]


def test_audit_verifies_and_is_told_to_the_log(audit: Audit, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    for entry in ENTRIES:
        audit.add([entry], at=NOON)

    assert [row.event for row in audit.of(MESSAGE)] == ["sealed", "code_sent", "authenticated", "shown"]
    verified = audit.verify()
    assert (verified.rows, verified.bad) == (4, 0)
    assert "number=4 what=shown" in caplog.messages[-1]
    assert verified.last.hex()[:16] in caplog.messages[-1]


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        ("UPDATE audit SET address = 'eve@else.test' WHERE number = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE number = 1", 1),
        ("UPDATE audit SET event = 'shown' WHERE number = 2", 2),
        ("UPDATE audit SET detail = 'oidc' WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("UPDATE audit SET mac = (SELECT mac FROM audit WHERE number = 1) WHERE number = 2", 2),
    ],
)
def test_audit_finds_what_was_changed(store: Store, audit: Audit, change: str, bad: int) -> None:
    audit.add(ENTRIES, at=NOON)

    store.write(lambda connection: connection.execute(text(change)))

    verified = audit.verify()
    assert (verified.rows, verified.bad) == (bad - 1, bad)


def test_audit_detail_stays_on_its_line(audit: Audit) -> None:
    audit.add([Entry(Event.FAILED, None, "", "one\r\ntwo\udcff" + "x" * 400)], at=NOON)

    assert audit.verify().bad == 0
    (row,) = audit.every()
    assert "\n" not in row.detail
    assert len(row.detail) == 300


def test_container_is_found_when_it_is_complete(store: Store) -> None:
    containers = Containers(store)
    pieces = [b"a" * PIECE, b"b" * (PIECE + 5), b"c"]
    name = kept(MESSAGE)

    containers.keep(name, MESSAGE, pieces, at=NOON, until=NOON + DAY)

    one = containers.find(name, NOON)
    assert one
    assert (one.message, one.size) == (MESSAGE, 2 * PIECE + 6)
    assert b"".join(containers.pieces(one)) == b"".join(pieces)
    assert containers.find(name, NOON + DAY) is None
    assert containers.find(posted(b"h" * 16), NOON) is None


def test_container_that_fails_is_never_found_and_tidied_away(store: Store) -> None:
    containers = Containers(store)

    def broken() -> "list[bytes]":
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        containers.keep(kept(MESSAGE), MESSAGE, (broken() and b"" for _ in range(1)), at=NOON, until=None)

    assert containers.find(kept(MESSAGE), NOON) is None
    assert containers.tidy(NOON) == 0
    assert containers.tidy(NOON + HOUR) == 1


def test_container_of_two_attempts_is_one_of_them_whole(store: Store) -> None:
    containers = Containers(store)
    one, two = (containers.begin(MESSAGE, at=NOON, until=None) for _ in range(2))
    for number in range(2):
        containers.append(one, number, b"1")
        containers.append(two, number, b"2")

    containers.complete(one, kept(MESSAGE), 2)
    containers.complete(two, kept(MESSAGE), 2)

    kept_one = containers.find(kept(MESSAGE), NOON)
    assert kept_one
    assert b"".join(containers.pieces(kept_one)) == b"22"


def test_container_ends_with_its_message(store: Store, messages: SealedMessages) -> None:
    containers = Containers(store)
    messages.add(message())
    for id_ in (MESSAGE, b"n" * 16):
        containers.keep(kept(id_), id_, [b"x"], at=NOON, until=None)

    assert containers.tidy(NOON + DAY) == 1
    assert containers.find(kept(MESSAGE), NOON + DAY)
