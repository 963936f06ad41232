"""What administrators ask about sealed messages, and how they are forgotten.

Nothing here needs a key but the audit's: a registry knows who may read what and until when, never what.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, select

from postseal.store import audit as room
from postseal.store.audit import Audit, Entry, Event
from postseal.store.engine import Store
from postseal.store.schema_sealed import containers, sealed_messages, sealed_recipients
from postseal.store.sealed import SealedMessage, SealedMessages, State

_MANY: Final = 200


@dataclass(frozen=True, slots=True)
class Search:
    """What a message must meet; what is left out is not asked.

    *sender* and *recipient*: an address, or `@domain`, in the form to compare.
    *since*, *until*: when it was sealed.
    """

    message_id: str = ""
    sender: str = ""
    recipient: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Registry:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store, audit: Audit, messages: SealedMessages) -> None:
        self._store = store
        self._audit = audit
        self._messages = messages

    def search(self, search: Search, *, limit: int = _MANY) -> tuple[SealedMessage, ...]:
        """At most *limit* messages, the newest first."""
        query = select(sealed_messages.c.id).where(*conditions(search))
        query = query.order_by(sealed_messages.c.since.desc()).limit(limit)
        return self._messages.some(self._store.read(lambda connection: list(connection.scalars(query))))

    def alike(self, prefix: str) -> tuple[SealedMessage, ...]:
        """The messages whose id begins with the hexadecimal *prefix*, at most a few."""
        low, high = (bytes.fromhex(prefix.ljust(32, digit)) for digit in "0f")
        query = select(sealed_messages.c.id).where(sealed_messages.c.id.between(low, high)).limit(_MANY)
        return self._messages.some(self._store.read(lambda connection: list(connection.scalars(query))))

    def forget(self, before: datetime, *, at: datetime, limit: int = _MANY) -> int:
        """Forget at most *limit* messages that nobody could read any more *before* then; how many.

        The audit of them stays.
        """
        mine = sealed_recipients.c.message == sealed_messages.c.id
        fresh = (sealed_recipients.c.state == State.OPEN.value) | (sealed_recipients.c.changed >= before)
        fresh |= sealed_recipients.c.undo.is_not(None)
        alive = select(sealed_recipients.c.message).where(mine, fresh)
        query = select(sealed_messages.c.id).where(~alive.exists()).limit(limit)
        found = self._store.read(lambda connection: list(connection.scalars(query)))
        return sum(self.purge(message, at=at) for message in found)

    def purge(self, message: bytes, *, at: datetime) -> bool:
        """Forget the message, its keys and the copy that the portal keeps; whether there was one."""

        def work(connection: Connection) -> list[room.Row]:
            gone = delete(sealed_messages).where(sealed_messages.c.id == message)
            if not connection.execute(gone).rowcount:
                return []
            connection.execute(delete(containers).where(containers.c.message == message))
            return self._audit.added(connection, [Entry(Event.PURGED, message)], at)

        rows = self._store.write(work)
        room.tell(rows)
        return bool(rows)


def conditions(search: Search) -> list[ColumnElement[bool]]:
    """*search* as a query asks it."""
    found: list[ColumnElement[bool]] = []
    if search.message_id:
        found.append(sealed_messages.c.message_id == search.message_id)
    if search.sender:
        found.append(_address(sealed_messages.c.author, search.sender))
    if search.recipient:
        mine = sealed_recipients.c.message == sealed_messages.c.id
        whom = _address(sealed_recipients.c.address, search.recipient)
        if search.recipient.startswith("@"):
            found.append(select(sealed_recipients.c.message).where(mine, whom).exists())
        else:  # his are found by an index, however many others there are
            found.append(sealed_messages.c.id.in_(select(sealed_recipients.c.message).where(whom)))
    if search.since:
        found.append(sealed_messages.c.since >= search.since)
    if search.until:
        found.append(sealed_messages.c.since < search.until)
    return found


def _address(column: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    return column.endswith(wanted, autoescape=True) if wanted.startswith("@") else column == wanted


def brands(store: Store, at: datetime) -> frozenset[str]:
    """The words of the brandings of messages that somebody can read at the time *at*."""
    open_ = (sealed_recipients.c.state == State.OPEN.value) & (
        sealed_recipients.c.expires.is_(None) | (sealed_recipients.c.expires > at)
    )
    query = select(sealed_messages.c.brand).distinct().join_from(sealed_messages, sealed_recipients)
    found = store.read(lambda connection: list(connection.scalars(query.where(open_))))
    return frozenset(filter(None, found))
