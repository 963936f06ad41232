"""Sealed messages page by page, with what each recipient has done: for senders and administrators.

The newest come first.  A page costs the same however many messages there are: it begins where the last one
ended, by an index, and the audit is asked only for the messages on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from postseal.store.audit import AS_SUPER_USER, Event
from postseal.store.engine import Store
from postseal.store.read_notices import READ
from postseal.store.registry import Search, conditions
from postseal.store.schema_sealed import audit, sealed_messages
from postseal.store.sealed import SealedMessage, SealedMessages

MANY: Final = 25
_TOLD: Final = (
    Event.CODE_SENT,
    Event.AUTHENTICATED,
    Event.SHOWN,
    Event.FETCHED,
    Event.COPIED,
    Event.UNSEALED,
    Event.REPLIED,
)


@dataclass(frozen=True, slots=True)
class Doings:
    """What a recipient has done with a message, each None if never.

    *asked*: when a code was last sent to him.  *unsealed*: when it was last opened for his mailbox inside.
    *first*, *last*: when he read.  *replied*: when last.
    """

    asked: datetime | None = None
    authenticated: datetime | None = None
    unsealed: datetime | None = None
    first: datetime | None = None
    last: datetime | None = None
    replied: datetime | None = None


NOTHING: Final = Doings()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two pages: behind the message *id*, sealed at *since*."""

    since: datetime
    id: bytes


@dataclass(frozen=True, slots=True)
class Listed:
    """A message and the *doings* of its recipients, by address in the form to compare."""

    message: SealedMessage
    doings: Mapping[str, Doings] = field(default_factory=dict)

    @property
    def readers(self) -> int:
        """How many recipients have read it."""
        return sum(self.of(one.address).first is not None for one in self.message.recipients)

    def closed(self, at: datetime) -> int:
        """How many recipients cannot read it at the time *at*."""
        return sum(not one.readable(at) for one in self.message.recipients)

    def of(self, address: str) -> Doings:
        """What the recipient *address* has done."""
        return self.doings.get(address, NOTHING)


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, the newest first; *after*: where older ones begin, None if there are none."""

    messages: tuple[Listed, ...]
    after: Mark | None


class Overview:
    """The verbs.  Each reads only, and raises Failure if the store does not answer."""

    def __init__(self, store: Store, messages: SealedMessages) -> None:
        self._store = store
        self._messages = messages

    def page(self, search: Search, *, after: Mark | None = None, limit: int = MANY) -> Page:
        """The first *limit* messages that meet *search*, behind the place *after*."""
        since, id_ = sealed_messages.c.since, sealed_messages.c.id
        query = select(id_, since).where(*conditions(search))
        if after:
            # The first half is implied by the second, and is what an index can begin with.
            query = query.where(since <= after.since)
            query = query.where(or_(since < after.since, and_(since == after.since, id_ < after.id)))
        query = query.order_by(since.desc(), id_.desc()).limit(limit + 1)
        found = self._store.read(lambda connection: connection.execute(query).all())
        here = found[:limit]
        last = Mark(here[-1].since, here[-1].id) if len(found) > limit else None
        listed = {one.message.id: one for one in self.some([row.id for row in here])}
        return Page(tuple(listed[row.id] for row in here if row.id in listed), last)

    def some(self, ids: Collection[bytes]) -> tuple[Listed, ...]:
        """The messages with these *ids*, the newest first; what is forgotten is left out."""
        messages = self._messages.some(ids)
        doings = self._doings(ids)
        return tuple(Listed(message, doings.get(message.id, {})) for message in messages)

    def _doings(self, ids: Collection[bytes]) -> Mapping[bytes, Mapping[str, Doings]]:
        here = (audit.c.message.in_(ids), audit.c.event.in_([event.value for event in _TOLD]))
        each = (audit.c.message, audit.c.address, audit.c.event)
        query = select(*each, func.min(audit.c.at).label("first"), func.max(audit.c.at).label("last"))
        query = query.where(*here, ~audit.c.detail.endswith(AS_SUPER_USER)).group_by(*each)

        def work(connection: Connection) -> dict[bytes, dict[str, dict[str, tuple[datetime, datetime]]]]:
            of: dict[bytes, dict[str, dict[str, tuple[datetime, datetime]]]] = {}
            for row in connection.execute(query):
                events = of.setdefault(row.message, {}).setdefault(row.address, {})
                events[row.event] = (row.first, row.last)
            return of

        return {
            message: {address: _done(events) for address, events in recipients.items()}
            for message, recipients in self._store.read(work).items()
        }


def _done(events: Mapping[str, tuple[datetime, datetime]]) -> Doings:
    read = [events[event] for event in READ if event in events]

    def last(event: Event) -> datetime | None:
        return events[event][1] if event in events else None

    return Doings(
        asked=last(Event.CODE_SENT),
        authenticated=last(Event.AUTHENTICATED),
        unsealed=last(Event.UNSEALED),
        first=min((first for first, _ in read), default=None),
        last=max((last for _, last in read), default=None),
        replied=last(Event.REPLIED),
    )
