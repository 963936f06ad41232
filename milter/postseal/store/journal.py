"""The journal of intents: what one of many workers is about to do, so that it is done exactly once.

A key stands for one copy to one recipient.  Whoever will submit it claims the key first, submits only
what is `MINE`, and marks it done at the 250; what is `DONE` is skipped, and what is `BUSY` is deferred,
for the MTA or the sender comes again.

    claim ──▶ MINE ──submit──▶ 250 ──▶ done    (no retry submits it again until it is forgotten or expires)
                            └▶ 4xx, 5xx, never sent ──▶ release    (the next attempt claims it again)

What is promised, whenever a process, a host or the database dies:

- Before `claim` returns, nothing is promised; nothing may be submitted.
- After it returned, the claim is on disk.  Nobody else gets the key before the lease has ended.
- Dead between claim and submission: the key is claimed anew after the lease.  No copy is lost.
- Dead between the 250 and `done`: the copy is submitted a second time after the lease.  SMTP leaves no
  way to tell this from the case above; that the end of a submission has a process of its own
  (`postseal.finisher`) makes it rare.
- After `done` returned, the copy is never submitted again before *keep* has passed.
- After a `Failure` of any verb it is unknown whether it took place.  Every verb may be repeated, by the
  same owner, to the same effect.  Who cannot claim does not submit.

An *owner* is one attempt to deliver one message: a text nobody used before or will use again, so that
what an abandoned attempt does late concerns nobody else.  The hosts' clocks should agree to much less
than a lease; a clock that is ahead shortens the leases of the others.  All moments are aware.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from postseal.store.engine import Store
from postseal.store.schema import KEY_OCTETS, OWNER_CHARACTERS, journal

_MANY: Final = 1000
"""Keys in one statement, fewer than either database allows parameters."""


class Claim(StrEnum):
    """What became of the wish to carry out an intent."""

    MINE = "mine"  # recorded, on disk; it is the owner's to carry out
    DONE = "done"  # carried out before; not to be repeated
    BUSY = "busy"  # another owner is at it, and its lease has not ended


@dataclass(frozen=True, slots=True)
class Count:
    """How many intents are recorded: *claimed*, whether or not the lease has ended, and *done*."""

    claimed: int
    done: int


class Journal:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def claim(
        self, keys: Collection[bytes], *, owner: str, at: datetime, lease: timedelta
    ) -> Mapping[bytes, Claim]:
        """Claim each of *keys* until *at* + *lease*; what became of each.

        MINE if it was not recorded, its time had passed, or it was this owner's already and not done.
        Of all who claim a key at the same moment, on whatever host, exactly one gets it.
        """
        if not 0 < len(owner) <= OWNER_CHARACTERS:
            raise ValueError(f"an owner has 1 to {OWNER_CHARACTERS} characters")
        rows = [
            {"key": key, "owner": owner, "done": False, "since": at, "until": at + lease}
            for key in _ordered(keys)
        ]

        def work(connection: Connection) -> Mapping[bytes, Claim]:
            mine = set(connection.scalars(_CLAIM[connection.dialect.name], rows))
            # The statement above has locked the others' rows too.
            done = {
                key
                for some in _some(set(keys) - mine)
                for key in connection.scalars(_DONE.where(journal.c.key.in_(some)))
            }
            return {
                key: Claim.MINE if key in mine else Claim.DONE if key in done else Claim.BUSY for key in keys
            }

        return self._store.write(work) if rows else {}

    def done(self, keys: Collection[bytes], *, owner: str, at: datetime, keep: timedelta) -> frozenset[bytes]:
        """Mark what *owner* claimed as carried out, to be known until *at* + *keep*.

        Returns those of *keys* that were not the owner's any more: the lease ended and somebody else
        claimed them, or `expire` removed them.  They may be carried out twice; that belongs into the log.
        """

        def work(connection: Connection) -> frozenset[bytes]:
            marked = {
                key
                for some in _some(keys)
                for key in connection.scalars(
                    update(journal)
                    .where(journal.c.key.in_(_locked(journal.c.key.in_(some), journal.c.owner == owner)))
                    .values(done=True, since=at, until=at + keep)
                    .returning(journal.c.key)
                )
            }
            return frozenset(keys) - marked

        return self._store.write(work) if keys else frozenset()

    def any_done(self, keys: Collection[bytes]) -> bool:
        """Whether one of *keys* was carried out and is not forgotten."""

        def work(connection: Connection) -> bool:
            return any(
                connection.execute(
                    select(journal.c.key).where(journal.c.key.in_(some), journal.c.done).limit(1)
                ).first()
                for some in _some(keys)
            )

        return self._store.read(work)

    def release(self, keys: Collection[bytes], *, owner: str) -> None:
        """Give up what *owner* claimed and certainly did not carry out; others may claim it at once."""
        self._remove(keys, journal.c.owner == owner, ~journal.c.done)

    def forget(self, keys: Collection[bytes]) -> None:
        """Forget that *keys* were carried out; for when the transaction they belong to cannot be repeated.

        A sender who sends the same again on purpose is then served.  Claims stay.
        """
        self._remove(keys, journal.c.done)

    def expire(self, at: datetime, *, limit: int = _MANY) -> int:
        """Remove what ended before *at*, at most *limit* of it; how many that were.

        Housekeeping only: no verb minds what has ended.  With a moment some time ago, an owner whose
        lease has just ended can still mark its work as done.
        """

        def work(connection: Connection) -> int:
            ended = select(journal.c.key).where(journal.c.until <= at).order_by(journal.c.until).limit(limit)
            ended = ended.with_for_update(skip_locked=True)
            return connection.execute(delete(journal).where(journal.c.key.in_(ended))).rowcount

        return self._store.write(work)

    def count(self) -> Count:
        """What is recorded now."""

        def work(connection: Connection) -> Count:
            numbers = select(journal.c.done, func.count()).group_by(journal.c.done)
            by_state = {bool(done): number for done, number in connection.execute(numbers)}
            return Count(claimed=by_state.get(False, 0), done=by_state.get(True, 0))

        return self._store.read(work)

    def oldest_claim(self) -> datetime | None:
        """Since when the oldest intent is claimed that is not done; None if there is none."""
        return self._store.read(lambda connection: connection.scalar(_OLDEST))

    def _remove(self, keys: Collection[bytes], *conditions: ColumnElement[bool]) -> None:
        def work(connection: Connection) -> None:
            for some in _some(keys):
                locked = _locked(journal.c.key.in_(some), *conditions)
                connection.execute(delete(journal).where(journal.c.key.in_(locked)))

        if keys:
            self._store.write(work)


def _claim(insert: postgresql.Insert | sqlite.Insert) -> postgresql.Insert | sqlite.Insert:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[journal.c.key],
        set_={name: new[name] for name in ("owner", "done", "since", "until")},
        where=or_(journal.c.until <= new.since, and_(journal.c.owner == new.owner, ~journal.c.done)),
    )


_CLAIM: Final = {
    "sqlite": _claim(sqlite.insert(journal)).returning(journal.c.key),
    "postgresql": _claim(postgresql.insert(journal)).returning(journal.c.key),
}

_OLDEST: Final = select(journal.c.since).where(~journal.c.done).order_by(journal.c.since).limit(1)
_DONE: Final = select(journal.c.key).where(journal.c.done)


def _locked(*conditions: ColumnElement[bool]) -> Select[tuple[bytes]]:
    """The keys of rows, locked in their order: two who lock in different orders wait for each other."""
    return select(journal.c.key).where(*conditions).order_by(journal.c.key).with_for_update()


def _ordered(keys: Collection[bytes]) -> list[bytes]:
    if any(len(key) != KEY_OCTETS for key in keys):
        raise ValueError(f"a key has {KEY_OCTETS} octets")
    return sorted(set(keys))


def _some(keys: Collection[bytes]) -> Iterator[list[bytes]]:
    """*keys* in their order, some at a time."""
    ordered = _ordered(keys)
    for start in range(0, len(ordered), _MANY):
        yield ordered[start : start + _MANY]
