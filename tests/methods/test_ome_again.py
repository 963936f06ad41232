"""Messages that come again: what is the same sealed message, and what is another."""

from datetime import timedelta

import pytest

from postseal.store.ring import Ring
from postseal.treatment import Treatment
from sealing import BOB, CAT, NOON, Sealing, message, posted


def ids(seal: Sealing) -> set[bytes]:
    return {row.message for row in seal.ring.audit.every() if row.event == "sealed" and row.message}


def test_same_message_again_is_the_same_sealed_message(ring: Ring) -> None:
    seal = Sealing(ring)

    first = seal(message(), queue_id="one")
    seal.at += timedelta(hours=3)
    again = seal(message(("X-Spam", "no")), queue_id="two")

    assert len(ids(seal)) == 1
    assert seal.opened(posted(first))
    assert seal.opened(posted(again))
    (id_,) = ids(seal)
    seal.ring.access.revoke(id_, at=seal.at)
    for mail in (first, again):
        with pytest.raises(AssertionError):
            seal.opened(posted(mail))


@pytest.mark.parametrize(
    "change",
    [
        {"given": message(identity="<2@lab.test>")},
        {"given": message(body=b"other")},
        {"recipients": (CAT,)},
        {"recipients": (BOB, CAT)},
        {"sender": "eve@lab.test"},
        {"treatment": Treatment(lifetime=5.0)},
    ],
    ids=["message-id", "body", "recipient", "recipients", "sender", "lifetime"],
)
def test_other_message_is_another_sealed_message(ring: Ring, change: dict[str, object]) -> None:
    seal = Sealing(ring)
    seal(message(), BOB)

    recipients = change.pop("recipients", (BOB,))
    seal(change.pop("given", message()), *recipients, **change)  # type: ignore[arg-type,misc]  # a table

    assert len(ids(seal)) == 2


def test_message_that_was_revoked_stays_so_when_it_comes_again(ring: Ring) -> None:
    seal = Sealing(ring)
    seal(message(), BOB, CAT)
    (id_,) = ids(seal)
    seal.ring.access.revoke(id_, ["bob@one.test"], at=NOON)

    again = seal(message(), BOB, CAT)

    assert seal.opened(posted(again), "cat@two.test")
    with pytest.raises(AssertionError):
        seal.opened(posted(again), "bob@one.test")
    seal.ring.access.revoke(id_, at=NOON)
    seal(message(), BOB, CAT)
    assert ids(seal) == {id_}


def test_message_that_comes_again_while_revoking_can_be_undone_is_readable_after_it(ring: Ring) -> None:
    seal = Sealing(ring)
    first = seal(message())
    (id_,) = ids(seal)
    seal.ring.access.revoke(id_, at=NOON, undo=NOON + timedelta(days=1))

    again = seal(message())

    for mail in (first, again):
        with pytest.raises(AssertionError):
            seal.opened(posted(mail))
    seal.ring.access.restore(id_, at=NOON)
    for mail in (first, again):
        assert seal.opened(posted(mail))
    assert ids(seal) == {id_}


def test_message_without_an_id_of_its_own_sent_after_a_revocation_can_be_read(ring: Ring) -> None:
    seal = Sealing(ring)
    given = message(identity="<2026.4Wx2Lk@mx.lab.test>")
    seal(given)
    (id_,) = ids(seal)
    seal.ring.access.revoke(id_, at=NOON)

    again = seal(given)

    assert seal.opened(posted(again))


def test_message_that_is_older_than_any_retry_is_another(ring: Ring) -> None:
    seal = Sealing(ring)
    seal(message())

    seal.at += timedelta(days=8)
    seal(message())

    assert len(ids(seal)) == 2
