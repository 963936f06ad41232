"""That somebody has read a message, noted in the audit, and once for its sender if he wants to be told.

    note ──▶ due ──▶ claim ──▶ done
              ▲        └▶ later
              └───────────┘

The note for the sender is in the transaction that notes the reading: neither is there without the other.
`claim` keeps two portals from doing the same work; that no mail goes twice is the journal's affair.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Update, func, insert, select, update

from postseal.store import audit as room
from postseal.store.audit import AS_SUPER_USER, Audit, Entry, Event
from postseal.store.engine import Store
from postseal.store.schema_sealed import audit, read_notices, sealed_messages

READ: Final = (Event.SHOWN, Event.FETCHED, Event.COPIED)
"""Events that mean that a person has read something."""


@dataclass(frozen=True, slots=True)
class Due:
    """The sender of *message* has to be told that *address* has read it, first at *since*."""

    message: bytes
    address: str
    since: datetime
    tries: int


class ReadNotices:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def note(self, entry: Entry, *, at: datetime) -> bool:
        """Add *entry*, one of `READ`, to the audit; whether the sender has to be told of it.

        He is told when each recipient first reads, not of his own reading, and not of what was read first
        before he wanted to be told.
        """
        wanted = select(sealed_messages.c.id).where(
            sealed_messages.c.id == entry.message,
            sealed_messages.c.read_notice,
            sealed_messages.c.author != entry.address,
        )

        def work(connection: Connection) -> tuple[list[room.Row], bool]:
            asked = connection.execute(wanted).first() is not None
            rows = self._audit.added(connection, [entry], at)  # from here on, nobody else notes anything
            if not asked or not self._first(connection, rows[0]):
                return rows, False
            row = {"message": entry.message, "address": entry.address, "since": at, "due": at, "tries": 0}
            connection.execute(insert(read_notices).values(row))
            return rows, True

        rows, told = self._store.write(work)
        room.tell(rows)
        return told

    def want(self, message: bytes, *, wanted: bool) -> None:
        """Tell the sender of *message* from now on, or no more."""
        change = update(sealed_messages).where(sealed_messages.c.id == message).values(read_notice=wanted)
        drop = update(read_notices).where(read_notices.c.message == message).values(due=None)

        def work(connection: Connection) -> None:
            connection.execute(change)
            if not wanted:
                connection.execute(drop)

        self._store.write(work)

    def claim(self, at: datetime, lease: timedelta) -> Due | None:
        """What was due at the time *at*; nobody else is given it before the *lease* has ended."""
        some = select(read_notices.c.message, read_notices.c.address).where(read_notices.c.due <= at)
        some = some.order_by(read_notices.c.due).limit(1).with_for_update(skip_locked=True)
        columns = (read_notices.c.message, read_notices.c.address, read_notices.c.since, read_notices.c.tries)

        def work(connection: Connection) -> Due | None:
            found = connection.execute(some).first()
            if found is None:
                return None
            here = (read_notices.c.message == found.message, read_notices.c.address == found.address)
            claimed = update(read_notices).where(*here)
            claimed = claimed.values(due=at + lease, tries=read_notices.c.tries + 1)
            row = connection.execute(claimed.returning(*columns)).one()
            return Due(row.message, row.address, row.since, row.tries)

        return self._store.write(work)

    def later(self, due: Due, at: datetime) -> None:
        """Have it claimed again *at* that time, if it still has to be told."""
        change = _of(due).where(read_notices.c.due.is_not(None)).values(due=at)
        self._store.write(lambda connection: connection.execute(change))

    def done(self, due: Due, event: Event, detail: str = "", *, at: datetime) -> None:
        """The sender was told, or never will be; *event* and *detail* say in the audit which."""
        change = _of(due).values(due=None)
        entry = Entry(event, due.message, due.address, detail)

        def work(connection: Connection) -> list[room.Row]:
            connection.execute(change)
            return self._audit.added(connection, [entry], at)

        room.tell(self._store.write(work))

    def waiting(self) -> int:
        """How many notes senders have to be told of."""
        query = select(func.count()).select_from(read_notices).where(read_notices.c.due.is_not(None))
        return self._store.read(lambda connection: connection.scalar(query) or 0)

    def _first(self, connection: Connection, row: room.Row) -> bool:
        before = select(audit.c.number).where(
            audit.c.message == row.message,
            audit.c.address == row.address,
            audit.c.event.in_([event.value for event in READ]),
            audit.c.number < row.number,
            ~audit.c.detail.endswith(AS_SUPER_USER),
        )
        return connection.execute(before.limit(1)).first() is None


def _of(due: Due) -> Update:
    here = (read_notices.c.message == due.message, read_notices.c.address == due.address)
    return update(read_notices).where(*here)
