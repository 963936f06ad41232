"""What ends, gives back or changes the reading of a sealed message, for each recipient.

    open ──revoke──▶ revoked, the key is kept until `undo` ──erase──▶ revoked, the key is deleted
     │  ◀──restore──┘
     └──expire──▶ expired, the key is deleted

Whoever is revoked or has expired reads nothing from that moment on, wherever the container lies, and whether
or not his key is deleted yet.  Each key is deleted in the transaction that says so in the audit, and no verb
brings one back.  Reading never lasts longer than it could before: who was revoked and is restored expires as
ever, and a key is not kept for undoing beyond that.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, literal, select, true, update

from postseal.store import audit as room
from postseal.store.audit import Audit, Entry, Event
from postseal.store.branches import reach
from postseal.store.containers import kept
from postseal.store.engine import Store
from postseal.store.schema import Moment
from postseal.store.schema_sealed import containers, sealed_keys, sealed_recipients
from postseal.store.sealed import State

_MANY: Final = 200
_OF: Final = sealed_recipients.c
_OPEN: Final = _OF.state == State.OPEN.value
_KEPT: Final = _OF.undo.is_not(None)


class Access:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *addresses*: they, and all who read by way of them (`store.branches`); none: all recipients.  *by*: who
    does it, for the audit.  They return whose reading has changed.
    """

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def revoke(
        self,
        message: bytes,
        addresses: Collection[str] = (),
        *,
        at: datetime,
        undo: datetime | None = None,
        by: str = "",
    ) -> tuple[str, ...]:
        """Let them read the message no more.  *undo*: until when it can be undone.

        None: their keys are gone now, also those of who was revoked before and could still be restored.
        """
        if undo is None:
            return self._deleted(message, addresses, at=at, by=by)
        until = case((_OF.expires < undo, _OF.expires), else_=literal(undo, Moment))
        change = update(sealed_recipients).where(_OPEN)
        change = change.values(state=State.REVOKED.value, changed=at, undo=until)
        detail = _detail(by, f"can be undone until {undo.isoformat(timespec='seconds')}")

        def work(connection: Connection) -> tuple[tuple[str, ...], Sequence[room.Row]]:
            reached = _here(message, reach(connection, message, addresses))
            closed = tuple(sorted(connection.scalars(change.where(*reached).returning(_OF.address))))
            return closed, self._noted(connection, Event.REVOKED, message, closed, at=at, detail=detail)

        return self._done(self._store.write(work))

    def restore(
        self, message: bytes, addresses: Collection[str] = (), *, at: datetime, by: str = ""
    ) -> tuple[str, ...]:
        """Undo revoking where that is still possible: they read as before, as long as before.

        Who reads by way of them, and was revoked before they were, stays so.
        """
        has = select(sealed_keys.c.number).where(
            sealed_keys.c.message == _OF.message, sealed_keys.c.address == _OF.address
        )
        here = (_OF.state == State.REVOKED.value, _OF.undo > at, has.exists())
        since = select(func.min(_OF.changed)).where(*_here(message, addresses), *here)
        change = update(sealed_recipients).where(*here)
        change = change.values(state=State.OPEN.value, changed=at, undo=None)

        def work(connection: Connection) -> tuple[tuple[str, ...], Sequence[room.Row]]:
            reached = _here(message, reach(connection, message, addresses))
            if (earliest := connection.scalar(since)) is None:
                return (), ()
            own = _OF.address.in_(addresses) if addresses else true()
            reached = (*reached, own | (_OF.changed >= earliest))
            back = tuple(sorted(connection.scalars(change.where(*reached).returning(_OF.address))))
            return back, self._noted(connection, Event.RESTORED, message, back, at=at, detail=_detail(by))

        return self._done(self._store.write(work))

    def extend(
        self,
        message: bytes,
        addresses: Collection[str] = (),
        *,
        until: datetime | None,
        at: datetime,
        by: str = "",
    ) -> tuple[str, ...]:
        """Let them read the message *until* then, longer or shorter; None: for ever.

        Whoever was revoked or has expired is left as he is.
        """
        here = (_OPEN, _OF.expires.is_(None) | (_OF.expires > at))
        change = update(sealed_recipients).where(*here).values(expires=until)
        detail = _detail(by, until.isoformat() if until else "for ever")

        def work(connection: Connection) -> tuple[tuple[str, ...], Sequence[room.Row]]:
            reached = _here(message, reach(connection, message, addresses))
            extended = tuple(sorted(connection.scalars(change.where(*reached).returning(_OF.address))))
            # The copy behind the link must not end before the message does.
            copy = containers.c.name == kept(message)
            if extended:
                connection.execute(update(containers).where(copy).values(until=None))
            return extended, self._noted(connection, Event.EXTENDED, message, extended, at=at, detail=detail)

        return self._done(self._store.write(work))

    def expire(self, at: datetime, *, limit: int = _MANY) -> int:
        """Delete the keys of at most *limit* recipients whose time was over at *at*; how many those were.

        Housekeeping only: who has expired reads nothing before that either.
        """
        over = (_OPEN, _OF.expires <= at)  # again in the transaction: it may have been extended a moment ago
        change = {"state": State.EXPIRED.value, "changed": at}
        return self._swept(over, change, Event.EXPIRED, at=at, limit=limit)

    def erase(self, at: datetime, *, limit: int = _MANY) -> int:
        """Delete at most *limit* keys that were kept for undoing until *at* or before; how many."""
        return self._swept((_OF.undo <= at,), {"undo": None}, Event.KEY_DELETED, at=at, limit=limit)

    def _deleted(
        self, message: bytes, addresses: Collection[str], *, at: datetime, by: str
    ) -> tuple[str, ...]:
        close = update(sealed_recipients).where(_OPEN).values(state=State.REVOKED.value, changed=at)
        end = update(sealed_recipients).where(_KEPT).values(undo=None)

        def work(connection: Connection) -> tuple[tuple[str, ...], Sequence[room.Row]]:
            reached = _here(message, reach(connection, message, addresses))
            closed = tuple(sorted(connection.scalars(close.where(*reached).returning(_OF.address))))
            kept_ones = connection.scalars(end.where(*reached).returning(_OF.address))
            ended = tuple(sorted((*closed, *kept_ones)))
            _delete_keys(connection, message, ended)
            entries = [Entry(Event.REVOKED, message, address, _detail(by)) for address in closed]
            entries += [Entry(Event.KEY_DELETED, message, address, _detail(by)) for address in ended]
            return ended, self._audit.added(connection, entries, at) if entries else ()

        return self._done(self._store.write(work))

    def _swept(
        self,
        due: tuple[ColumnElement[bool], ...],
        change: dict[str, object],
        event: Event,
        *,
        at: datetime,
        limit: int,
    ) -> int:
        query = select(_OF.message, _OF.address).where(*due).limit(limit)
        swept = 0
        for row in self._store.read(lambda connection: connection.execute(query).all()):
            here = (*_here(row.message, [row.address]), *due)
            swept += len(self._closed(row.message, here, change, event, at=at))
        return swept

    def _closed(
        self,
        message: bytes,
        here: tuple[ColumnElement[bool], ...],
        change: dict[str, object],
        event: Event,
        *,
        at: datetime,
    ) -> tuple[str, ...]:
        close = update(sealed_recipients).where(*here).values(change)

        def work(connection: Connection) -> tuple[tuple[str, ...], Sequence[room.Row]]:
            closed = tuple(connection.scalars(close.returning(_OF.address)))
            _delete_keys(connection, message, closed)
            return closed, self._noted(connection, event, message, closed, at=at)

        return self._done(self._store.write(work))

    def _noted(
        self,
        connection: Connection,
        event: Event,
        message: bytes,
        addresses: Collection[str],
        *,
        at: datetime,
        detail: str = "",
    ) -> Sequence[room.Row]:
        entries = [Entry(event, message, address, detail) for address in addresses]
        return self._audit.added(connection, entries, at) if entries else ()

    def _done(self, done: tuple[tuple[str, ...], Sequence[room.Row]]) -> tuple[str, ...]:
        addresses, rows = done
        room.tell(rows)
        return addresses


def _here(message: bytes, addresses: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    here = _OF.message == message
    return (here, _OF.address.in_(addresses)) if addresses else (here,)


def _delete_keys(connection: Connection, message: bytes, addresses: Collection[str]) -> None:
    keys = (sealed_keys.c.message == message, sealed_keys.c.address.in_(addresses))
    connection.execute(delete(sealed_keys).where(*keys))


def _detail(*words: str) -> str:
    return ", ".join(filter(None, words))
