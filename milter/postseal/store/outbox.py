"""What was written in the portal, replies above all: kept, sealed, until every recipient has his copy.

A reply is here before the person who wrote it hears that it is sent: container, row, and the entry in the
audit are one transaction.  From then on any portal, on any host, may carry it out.

    put ──▶ due ──▶ claim ──▶ per recipient: settle ──▶ close    (nothing is left of the text, nor its key)
                      ▲                        └▶ later ──┐
                      └───────────────────────────────────┘

`claim` keeps two portals from doing the same work; that nobody gets a copy twice is the journal's affair
(`store.journal`).  The key of a reply comes from a random seed and the secret of the installation; with
the seed gone nobody opens what a backup may still hold.
"""

import hmac
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select, update

from postseal.sealed.container import sealed
from postseal.store import audit as room
from postseal.store.audit import Audit, Entry, Event
from postseal.store.containers import Containers, completed, waiting
from postseal.store.engine import Store
from postseal.store.schema import KEY_OCTETS
from postseal.store.schema_outbox import outbox, outbox_recipients
from postseal.store.schema_sealed import DETAIL_CHARACTERS, containers
from postseal.store.secret import Secret

_MANY: Final = 200


class Way(StrEnum):
    """How a copy goes."""

    INSIDE = "inside"  # as ordinary mail, by the MTA's listener with the milter
    SEALED = "sealed"
    COPY = "copy"  # sealed, for the person who wrote the reply
    READY = "ready"  # as it is: what is kept is the mail that carries a sealed message


class State(StrEnum):
    """What became of a copy."""

    WAITING = "waiting"
    SENT = "sent"  # the MTA has taken it
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Target:
    """A recipient, as mail to him is addressed."""

    address: str
    way: Way
    state: State = State.WAITING
    why: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reply by *address* to *message*, sealed, with what is known of its copies.

    *since*: when it was written.  *due*: when it is tried again.  *until*: when it is given up.
    *tries*: how often it was claimed.  *seed*: empty if it has left or was given up.
    """

    id: bytes
    message: bytes
    address: str
    since: datetime
    due: datetime
    until: datetime
    tries: int
    targets: tuple[Target, ...]
    seed: bytes = field(default=b"", repr=False)

    @property
    def is_forward(self) -> bool:
        """Whether the message itself was sent on, and nothing was answered."""
        return any(each.way is Way.READY for each in self.targets)

    @property
    def failed(self) -> tuple[Target, ...]:
        """Who will get none."""
        return tuple(each for each in self.targets if each.state is State.FAILED)

    @property
    def left(self) -> tuple[Target, ...]:
        """Who has not got his yet."""
        return tuple(each for each in self.targets if each.state is State.WAITING)


class Outbox:
    """The verbs.  Each is one transaction but `put`, and raises Failure if the store cannot carry it out.

    What has left or was given up is remembered for *remember*.
    """

    def __init__(
        self,
        store: Store,
        *,
        audit: Audit,
        containers: Containers,
        secret: Secret,
        remember: timedelta = timedelta(days=30),
    ) -> None:
        self._store = store
        self._audit = audit
        self._containers = containers
        self._master = secret.derive("outbox")
        self._remember = remember

    def put(
        self,
        reply: bytes,
        pieces: Iterable[bytes],
        *,
        message: bytes,
        address: str,
        targets: Collection[Target],
        at: datetime,
        until: datetime,
        besides: Callable[[Connection], Collection[Entry]] | None = None,
    ) -> bool:
        """Keep the reply *pieces* with the id *reply*, which tells it from all others; whether it is new.

        *besides*: what else belongs to the transaction, and what the audit is told of it in place of
        `replied`; what it raises goes through, and nothing is kept.
        """
        if self._store.read(lambda connection: _known(connection, reply)):
            return False
        seed = os.urandom(KEY_OCTETS)
        container, size = self._containers.write(
            reply, sealed(pieces, self._key(reply, seed), reply), at=at, until=None
        )
        row = {"id": reply, "message": message, "address": address, "seed": seed, "tries": 0}
        row |= {"since": at, "due": at, "until": until}
        rows = [
            {"reply": reply, "address": each.address, "way": each.way.value, "state": each.state.value}
            | {"why": ""}
            for each in targets
        ]

        def work(connection: Connection) -> list[room.Row] | None:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
                connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(reply[:7], "big"))))
            if _known(connection, reply):
                connection.execute(delete(containers).where(containers.c.id == container))
                return None
            connection.execute(insert(outbox).values(row))
            connection.execute(insert(outbox_recipients), rows)
            completed(connection, container, waiting(reply), size)
            entries: Collection[Entry] = [Entry(Event.REPLIED, message, address, f"{len(rows)} recipients")]
            if besides is not None:
                entries = besides(connection)
            return self._audit.added(connection, list(entries), at)

        added = self._store.write(work)
        room.tell(added or ())
        return added is not None

    def claim(self, at: datetime, lease: timedelta) -> Waiting | None:
        """A reply that was due at the time *at*; nobody else is given it before the *lease* has ended."""
        some = select(outbox.c.id).where(outbox.c.due <= at, outbox.c.seed.is_not(None))
        some = some.order_by(outbox.c.due).limit(1).with_for_update(skip_locked=True)
        claimed = update(outbox).where(outbox.c.id == some.scalar_subquery())
        claimed = claimed.values(due=at + lease, tries=outbox.c.tries + 1)

        def work(connection: Connection) -> Waiting | None:
            found = connection.scalars(claimed.returning(outbox.c.id)).all()
            return next(iter(_read(connection, outbox.c.id.in_(found))), None) if found else None

        return self._store.write(work)

    def of(self, reply: bytes) -> Waiting | None:
        """The reply with this id."""
        here = outbox.c.id == reply
        return self._store.read(lambda connection: next(iter(_read(connection, here)), None))

    def key(self, reply: Waiting) -> bytes:
        """The key of its container."""
        return self._key(reply.id, reply.seed)

    def settle(self, reply: bytes, target: Target, state: State, why: str = "") -> None:
        """Note what became of the copy for *target*."""
        here = outbox_recipients.c.reply == reply
        one = (outbox_recipients.c.address == target.address, outbox_recipients.c.way == target.way.value)
        values = {"state": state.value, "why": _line(why)[:DETAIL_CHARACTERS]}
        change = update(outbox_recipients).where(here, *one).values(values)
        self._store.write(lambda connection: connection.execute(change))

    def waits(self, reply: bytes, why: str) -> None:
        """Note *why* copies of it could not leave yet, for who asks."""
        here = (outbox_recipients.c.reply == reply, outbox_recipients.c.state == State.WAITING.value)
        change = update(outbox_recipients).where(*here).values(why=_line(why)[:DETAIL_CHARACTERS])
        self._store.write(lambda connection: connection.execute(change))

    def later(self, reply: bytes, due: datetime) -> None:
        """Have it claimed again when it is *due*."""
        change = update(outbox).where(outbox.c.id == reply).values(due=due)
        self._store.write(lambda connection: connection.execute(change))

    def unsent(self, *, limit: int = _MANY) -> tuple[Waiting, ...]:
        """At most *limit* replies that have to leave, the oldest first."""
        some = select(outbox.c.id).where(outbox.c.seed.is_not(None)).order_by(outbox.c.since).limit(limit)
        return self._store.read(lambda connection: _read(connection, outbox.c.id.in_(some)))

    def hasten(self, *replies: bytes, at: datetime) -> int:
        """Have *replies*, or all that wait if none is named, claimed again *at* once; how many those are."""
        here = [outbox.c.seed.is_not(None), *((outbox.c.id.in_(replies),) if replies else ())]
        change = update(outbox).where(*here).values(due=at)
        return self._store.write(lambda connection: connection.execute(change).rowcount)

    def close(self, reply: Waiting, *, at: datetime) -> None:
        """It has left, or is given up for who has none: forget the text and its key.

        That it was there is remembered: its form may still be open in a browser.
        """

        def work(connection: Connection) -> list[room.Row]:
            here = outbox.c.id == reply.id
            connection.execute(delete(containers).where(containers.c.name == waiting(reply.id)))
            found = next(iter(_read(connection, here)), None)
            if found is None or not found.seed:
                return []
            connection.execute(update(outbox).where(here).values(seed=None, due=at + self._remember))
            if not found.failed:
                connection.execute(delete(outbox_recipients).where(outbox_recipients.c.reply == reply.id))
                return []
            what = "what was forwarded" if found.is_forward else "the reply"
            detail = f"{what} has not reached {len(found.failed)} of {len(found.targets)} recipients"
            entry = Entry(Event.FAILED, reply.message, reply.address, detail)
            return self._audit.added(connection, [entry], at)

        room.tell(self._store.write(work))

    def given_up(self, message: bytes, address: str) -> tuple[Waiting, ...]:
        """The replies by *address* to *message* that have not reached everybody, the oldest first."""
        mine = (outbox.c.message == message, outbox.c.address == address, outbox.c.seed.is_(None))
        found = self._store.read(lambda connection: _read(connection, *mine))
        return tuple(each for each in found if each.failed)

    def oldest(self) -> tuple[int, datetime | None]:
        """How many replies wait, and since when the oldest of them."""
        query = select(func.count(), func.min(outbox.c.since)).where(outbox.c.seed.is_not(None))
        count, since = self._store.read(lambda connection: connection.execute(query).one())
        return count, since

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have left or were given up long ago; how many."""
        some = select(outbox.c.id).where(outbox.c.seed.is_(None), outbox.c.due <= at).limit(limit)
        gone = delete(outbox).where(outbox.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _key(self, reply: bytes, seed: bytes) -> bytes:
        return hmac.digest(self._master, seed + reply, "sha256")


def _known(connection: Connection, reply: bytes) -> bool:
    return connection.execute(select(outbox.c.id).where(outbox.c.id == reply)).first() is not None


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> tuple[Waiting, ...]:
    rows = connection.execute(select(outbox).where(*conditions).order_by(outbox.c.since)).all()
    of: dict[bytes, list[Target]] = {row.id: [] for row in rows}
    targets = select(outbox_recipients).where(outbox_recipients.c.reply.in_(of))
    for row in connection.execute(targets.order_by(outbox_recipients.c.way, outbox_recipients.c.address)):
        of[row.reply].append(Target(row.address, Way(row.way), State(row.state), row.why))
    return tuple(_waiting(row, tuple(of[row.id])) for row in rows)


def _waiting(row: "Row[tuple[object, ...]]", targets: tuple[Target, ...]) -> Waiting:
    known = (row.id, row.message, row.address, row.since, row.due, row.until, row.tries)
    return Waiting(*known, targets, row.seed or b"")


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
