"""Readers who came by way of others: nobody has more than the one above, and they go with him."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from postseal.sealed.master import Wrapped
from postseal.store.access import Access
from postseal.store.audit import Audit
from postseal.store.branches import Barred, Branch, Branches, Bud, grow
from postseal.store.engine import Store
from postseal.store.sealed import Addressee, Kind, SealedMessage, SealedMessages, State
from sealing import NOON

Opened = Callable[..., Store]
ID, WRAPPED = bytes(16), Wrapped("a", b"octets")
LATER = NOON + timedelta(days=7)


class Room:
    """A message to bob and cat, and the verbs."""

    def __init__(self, store: Store) -> None:
        self.store = store
        audit = Audit(store, bytes(32))
        self.messages, self.access = SealedMessages(store, audit), Access(store, audit)
        readers = [
            Addressee(f"{name}@x.test", f"{name}@x.test", State.OPEN, LATER, NOON, WRAPPED)
            for name in ("bob", "cat")
        ]
        assert self.messages.add(
            SealedMessage(ID, "<1@x.test>", "ann@x.test", (), "", 1, NOON, tuple(readers))
        )

    def grow(self, parent: str, *names: str, at: datetime = NOON) -> tuple[str, ...]:
        buds = [Bud(f"{name}@x.test", f"{name}@x.test", WRAPPED) for name in names]
        branch = Branch("", f"{parent}@x.test", Kind.FORWARD, at)
        return self.store.write(lambda connection: grow(connection, ID, buds, branch))

    @property
    def readers(self) -> set[str]:
        message = self.messages.of(ID)
        assert message
        return {one.address.partition("@")[0] for one in message.recipients if one.readable(NOON)}


@pytest.fixture
def room(dsn: str, opened: Opened) -> Room:
    """bob ─ dan ─ eve ─ fay, and bob ─ gil."""
    made = Room(opened(dsn))
    made.grow("bob", "dan", "gil")
    made.grow("dan", "eve")
    made.grow("eve", "fay")
    return made


def test_who_is_let_in_reads_no_longer_than_who_let_him_in(room: Room) -> None:
    room.access.extend(ID, ["bob@x.test"], until=NOON + timedelta(days=1), at=NOON)
    assert room.grow("bob", "hal") == ("hal@x.test",)

    message = room.messages.of(ID)
    assert message
    until = {one.address[:3]: one.expires for one in message.recipients}
    assert until.pop("cat") == LATER
    assert set(until.values()) == {NOON + timedelta(days=1)}  # who is below him, too
    assert [branch.address[:3] for branch in Branches(room.store).of(ID)] == [
        "dan",
        "eve",
        "fay",
        "gil",
        "hal",
    ]


def test_nobody_is_let_in_by_who_may_not_read(room: Room) -> None:
    room.access.revoke(ID, ["cat@x.test"], at=NOON)

    for parent, at in (("cat", NOON), ("zoe", NOON), ("bob", LATER)):
        with pytest.raises(Barred):
            room.grow(parent, "hal", at=at)
    assert "hal" not in room.readers


def test_who_is_a_recipient_already_stays_as_he_is(room: Room) -> None:
    room.access.revoke(ID, ["gil@x.test"], at=NOON)

    assert room.grow("bob", "cat", "gil") == ()
    assert "gil" not in room.readers


@pytest.mark.parametrize("undo", [LATER, None], ids=["undone", "now"])
def test_revoking_takes_all_below_and_nobody_else(room: Room, undo: datetime | None) -> None:
    gone = room.access.revoke(ID, ["dan@x.test"], at=NOON, undo=undo)

    assert gone == ("dan@x.test", "eve@x.test", "fay@x.test")
    assert room.readers == {"bob", "cat", "gil"}


def test_restoring_brings_back_all_below_but_who_was_revoked_before(room: Room) -> None:
    room.access.revoke(ID, ["eve@x.test"], at=NOON, undo=LATER)
    room.access.revoke(ID, ["bob@x.test"], at=NOON + timedelta(seconds=1), undo=LATER)
    assert room.readers == {"cat"}

    room.access.restore(ID, ["bob@x.test"], at=NOON + timedelta(seconds=2))
    assert room.readers == {"bob", "cat", "dan", "gil"}
    room.access.restore(ID, ["fay@x.test"], at=NOON + timedelta(seconds=2))
    assert room.readers == {"bob", "cat", "dan", "gil", "fay"}
    room.access.restore(ID, at=NOON + timedelta(seconds=3))
    assert room.readers == {"bob", "cat", "dan", "gil", "fay", "eve"}


@pytest.mark.parametrize("addresses", [("bob@x.test",), ()], ids=["one", "all"])
def test_who_is_let_in_while_it_is_revoked_is_out_as_well(room: Room, addresses: tuple[str, ...]) -> None:
    begun, ended = threading.Event(), threading.Event()

    def revoke() -> None:
        begun.set()
        room.access.revoke(ID, addresses, at=NOON, undo=LATER)
        ended.set()

    thread = threading.Thread(target=revoke)

    def work(connection: object) -> None:
        buds = [Bud("hal@x.test", "hal@x.test", WRAPPED)]
        grow(connection, ID, buds, Branch("", "bob@x.test", Kind.FORWARD, NOON))  # type: ignore[arg-type] # a connection
        thread.start()
        assert begun.wait(30)
        ended.wait(0.5)  # it would not wait for us

    room.store.write(work)
    thread.join(60)

    assert ended.is_set()
    assert room.readers == ({"cat"} if addresses else set())
