"""What issuers say about revocation, kept for all workers and hosts, fetched by one of them.

Whoever needs an answer says that he *wants* it; a process that handles no mail claims what is due,
fetches it and saves it.  An answer stays until a newer one replaces it: how long it counts is said in it.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema import revocations

_OFTEN: Final = timedelta(days=1)
"""How old the note is that somebody wants an answer before it is written anew."""
_LONGEST_URL: Final = 2000
_WHY: Final = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """An answer that somebody needs: the list at *url*, or with a *question* what the responder says."""

    url: str
    question: bytes = field(default=b"", repr=False)

    @property
    def id(self) -> bytes:
        """What it is known by."""
        return hashlib.sha256(self.url.encode() + b"\0" + self.question).digest()


@dataclass(frozen=True, slots=True)
class State:
    """How an answer stands; *fetched* is None before the first time."""

    wanted: Wanted
    fetched: datetime | None
    due: datetime
    failures: int
    why: str


class Revocations:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def want(self, several: Collection[Wanted], at: datetime) -> None:
        """Note that *several* are needed; what is new is due at once."""
        several = {one.id: one for one in several if len(one.url) <= _LONGEST_URL}.values()

        def work(connection: Connection) -> None:
            _alone(connection)
            for one in sorted(several, key=lambda one: one.id):
                here = revocations.c.id == one.id
                known = connection.execute(select(revocations.c.wanted).where(here)).first()
                if known is None:
                    row = {"url": one.url, "question": one.question, "wanted": at, "due": at}
                    new = insert(revocations).values(id=one.id, failures=0, why="", **row)
                    connection.execute(new)
                elif known.wanted < at - _OFTEN:
                    connection.execute(update(revocations).where(here).values(wanted=at))

        if several:
            self._store.write(work)

    def fetched(self, ids: Collection[bytes]) -> Mapping[bytes, datetime]:
        """When each of *ids* was fetched; those that never were are left out."""
        columns = (revocations.c.id, revocations.c.fetched)
        query = select(*columns).where(revocations.c.id.in_(ids), revocations.c.fetched.is_not(None))
        return self._store.read(lambda connection: {row.id: row.fetched for row in connection.execute(query)})

    def answer(self, id: bytes) -> bytes | None:  # noqa: A002 (the column's name)
        """The answer itself."""
        query = select(revocations.c.answer).where(revocations.c.id == id)
        return self._store.read(lambda connection: connection.execute(query).scalar())

    def claim(self, at: datetime, *, until: datetime, limit: int) -> tuple[Wanted, ...]:
        """What is due at the time *at*, at most *limit*; nobody else gets it before *until*."""

        def work(connection: Connection) -> tuple[Wanted, ...]:
            _alone(connection)
            columns = (revocations.c.id, revocations.c.url, revocations.c.question)
            query = select(*columns).where(revocations.c.due <= at).order_by(revocations.c.due).limit(limit)
            rows = connection.execute(query).all()
            mine = revocations.c.id.in_([row.id for row in rows])
            connection.execute(update(revocations).where(mine).values(due=until))
            return tuple(Wanted(row.url, row.question) for row in rows)

        return self._store.write(work)

    def save(self, wanted: Wanted, answer: bytes, *, at: datetime, due: datetime) -> None:
        """Keep *answer*, fetched at the time *at*."""
        values = {"answer": answer, "fetched": at, "due": due, "failures": 0, "why": ""}
        query = update(revocations).where(revocations.c.id == wanted.id).values(**values)
        self._store.write(lambda connection: connection.execute(query))

    def failed(self, wanted: Wanted, why: str, *, due: datetime) -> None:
        """Note that it could not be fetched; what was fetched before stays."""
        values = {"failures": revocations.c.failures + 1, "why": why[:_WHY], "due": due}
        query = update(revocations).where(revocations.c.id == wanted.id).values(**values)
        self._store.write(lambda connection: connection.execute(query))

    def states(self) -> tuple[State, ...]:
        """How all stand, for the administrator."""
        columns = [column for column in revocations.c if column.name != "answer"]
        query = select(*columns).order_by(revocations.c.url, revocations.c.id)

        def work(connection: Connection) -> tuple[State, ...]:
            return tuple(
                State(Wanted(row.url, row.question), row.fetched, row.due, row.failures, row.why)
                for row in connection.execute(query)
            )

        return self._store.read(work)

    def tidy(self, before: datetime) -> int:
        """Forget what nobody has wanted since *before*; how many those were."""
        query = delete(revocations).where(revocations.c.wanted < before)
        return self._store.write(lambda connection: connection.execute(query).rowcount)


def _alone(connection: Connection) -> None:
    """Nobody else does this at the same time: what is read must still hold when it is written."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1919252079)")  # "revo"
