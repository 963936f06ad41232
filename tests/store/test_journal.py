"""What the journal promises to one caller; the same on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import StatementError

from postseal.store.journal import Claim, Count, Journal

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
LEASE = timedelta(minutes=5)
KEEP = timedelta(days=5)
KEY, OTHER = b"k" * 32, b"o" * 32


def claim(journal: Journal, *, owner: str = "ann", at: datetime = NOON, key: bytes = KEY) -> Claim:
    return journal.claim([key], owner=owner, at=at, lease=LEASE)[key]


def done(journal: Journal, *, owner: str = "ann", at: datetime = NOON) -> bool:
    return not journal.done([KEY], owner=owner, at=at, keep=KEEP)


def test_claim_new_key_is_mine(journal: Journal) -> None:
    assert claim(journal) is Claim.MINE


def test_claim_twice_by_one_owner_is_mine_and_lasts_longer(journal: Journal) -> None:
    claim(journal)

    assert claim(journal, at=NOON + LEASE / 2) is Claim.MINE
    assert claim(journal, owner="bob", at=NOON + LEASE) is Claim.BUSY


def test_claim_of_another_is_busy_until_its_lease_ends(journal: Journal) -> None:
    claim(journal)

    moments = [NOON - LEASE, NOON, NOON + LEASE - timedelta(microseconds=1), NOON + LEASE]
    assert [claim(journal, owner="bob", at=at) for at in moments] == [*[Claim.BUSY] * 3, Claim.MINE]


@pytest.mark.parametrize("owner", ["ann", "bob"])
def test_claim_of_what_is_done_is_done_until_its_time_ends(journal: Journal, owner: str) -> None:
    claim(journal)
    done(journal)

    moments = [NOON, NOON + LEASE, NOON + KEEP - timedelta(microseconds=1), NOON + KEEP]
    assert [claim(journal, owner=owner, at=at) for at in moments] == [*[Claim.DONE] * 3, Claim.MINE]


def test_claim_mixed_keys_each_gets_its_own_answer(journal: Journal) -> None:
    keys = [bytes([number]) * 32 for number in range(3)]
    journal.claim(keys[:2], owner="ann", at=NOON, lease=LEASE)
    journal.done(keys[:1], owner="ann", at=NOON, keep=KEEP)

    claims = journal.claim([*keys, *keys], owner="bob", at=NOON, lease=LEASE)

    assert claims == dict(zip(keys, [Claim.DONE, Claim.BUSY, Claim.MINE], strict=True))


def test_claim_more_keys_than_fit_a_statement(journal: Journal) -> None:
    keys = [number.to_bytes(32) for number in range(2_500)]

    assert set(journal.claim(keys, owner="ann", at=NOON, lease=LEASE).values()) == {Claim.MINE}
    assert set(journal.claim(keys, owner="bob", at=NOON, lease=LEASE).values()) == {Claim.BUSY}
    assert not journal.done(keys, owner="ann", at=NOON, keep=KEEP)
    assert set(journal.claim(keys, owner="bob", at=NOON, lease=LEASE).values()) == {Claim.DONE}
    journal.forget(keys)
    assert journal.count() == Count(claimed=0, done=0)


def test_done_by_who_lost_the_claim_names_the_keys(journal: Journal) -> None:
    journal.claim([KEY, OTHER], owner="ann", at=NOON, lease=LEASE)
    claim(journal, owner="bob", at=NOON + LEASE)

    lost = journal.done([KEY, OTHER], owner="ann", at=NOON + LEASE, keep=KEEP)

    assert lost == {KEY}
    assert claim(journal, owner="cid", at=NOON + LEASE) is Claim.BUSY


def test_done_after_the_lease_when_nobody_else_came_is_still_the_owners(journal: Journal) -> None:
    claim(journal)

    assert done(journal, at=NOON + 2 * LEASE)
    assert claim(journal, owner="bob", at=NOON + 2 * LEASE) is Claim.DONE


def test_done_without_claim_names_the_key(journal: Journal) -> None:
    assert not done(journal)
    assert journal.count() == Count(claimed=0, done=0)


def test_done_repeated_is_the_same(journal: Journal) -> None:
    claim(journal)

    assert done(journal)
    assert done(journal)


def test_release_lets_another_claim_at_once(journal: Journal) -> None:
    claim(journal)
    journal.release([KEY], owner="ann")

    assert claim(journal, owner="bob") is Claim.MINE


def test_release_of_what_is_done_or_anothers_changes_nothing(journal: Journal) -> None:
    claim(journal)
    claim(journal, key=OTHER, owner="bob")
    done(journal)

    journal.release([KEY, OTHER], owner="ann")

    assert journal.count() == Count(claimed=1, done=1)


def test_any_done_tells_of_what_is_done_and_of_no_claim(journal: Journal) -> None:
    many = [number.to_bytes(32) for number in range(1500)]
    journal.claim([KEY, OTHER], owner="ann", at=NOON, lease=LEASE)
    assert not journal.any_done([])
    assert not journal.any_done([*many, KEY, OTHER])

    done(journal)

    assert journal.any_done([*many, KEY])
    assert not journal.any_done([*many, OTHER])


def test_forget_removes_what_is_done_and_no_claim(journal: Journal) -> None:
    journal.claim([KEY, OTHER], owner="ann", at=NOON, lease=LEASE)
    done(journal)

    journal.forget([KEY, OTHER])

    assert journal.count() == Count(claimed=1, done=0)
    assert claim(journal, owner="bob") is Claim.MINE
    assert claim(journal, owner="bob", key=OTHER) is Claim.BUSY


def test_expire_removes_what_ended_some_at_a_time(journal: Journal) -> None:
    old = [number.to_bytes(32) for number in range(5)]
    journal.claim(old, owner="ann", at=NOON - LEASE, lease=LEASE)
    claim(journal)

    assert [journal.expire(NOON, limit=3) for _ in range(3)] == [3, 2, 0]
    assert journal.count() == Count(claimed=1, done=0)


def test_no_keys_is_no_work(journal: Journal) -> None:
    assert journal.claim([], owner="ann", at=NOON, lease=LEASE) == {}
    assert journal.done([], owner="ann", at=NOON, keep=KEEP) == frozenset()
    journal.release([], owner="ann")
    journal.forget([])


def test_claim_refuses_what_is_no_key_no_owner_or_no_moment(journal: Journal) -> None:
    with pytest.raises(ValueError, match="a key has 32 octets"):
        claim(journal, key=b"short")
    with pytest.raises(ValueError, match="an owner has 1 to 200 characters"):
        claim(journal, owner="")
    with pytest.raises(StatementError, match="offset-naive"):
        claim(journal, at=NOON.replace(tzinfo=None))
