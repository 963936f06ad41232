"""Sealed messages: who may read them, for how long, and the wrapped keys without which nobody can.

There is one wrapped key for each recipient.  What ends or changes his reading is in `store.access`, what is
asked about messages in `store.registry` and `store.overview`.  Deleted keys are overwritten by `scrub`.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, Row, Table, and_, insert, select, update

from postseal.envelope import key
from postseal.licence import Licence
from postseal.sealed.master import MasterKeys, Wrapped, context
from postseal.store import audit as room
from postseal.store.audit import Audit, Entry, Event
from postseal.store.engine import Store
from postseal.store.schema import ADDRESS_CHARACTERS
from postseal.store.schema_branches import branches
from postseal.store.schema_sealed import sealed_keys, sealed_messages, sealed_recipients

_MANY: Final = 200
_SAME: Final = (
    *("id", "message_id", "sender", "author", "brand", "size", "since", "subject", "latest", "read_notice"),
)


class State(StrEnum):
    """What a recipient may do: only who is `open` may read."""

    OPEN = "open"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Kind(StrEnum):
    """How somebody came to be a reader."""

    NAMED = ""  # by the sender
    FORWARD = "forward"  # by another reader
    MEMBER = "member"  # as a member of a list among the readers


@dataclass(frozen=True, slots=True)
class Addressee:
    """A recipient of a sealed message.

    *address*: in the form to compare; *written*: as mail to him is addressed.  *expires*: None for never.
    *changed*: when *state* was set.  *key*: None when it is deleted.  *undo*: until when revoking can be
    undone, None if it cannot.  *parent*: by way of whom he came, "" for nobody.  *number*: of a telephone, as
    `store.locks` hides it.
    """

    address: str
    written: str
    state: State
    expires: datetime | None
    changed: datetime
    key: Wrapped | None = None
    undo: datetime | None = None
    kind: Kind = Kind.NAMED
    parent: str = ""
    number: bytes = field(default=b"", repr=False)

    def readable(self, at: datetime) -> bool:
        """Whether he may read it at the time *at*: an expiry counts before anybody has noted it."""
        return (
            self.key is not None and self.state is State.OPEN and (self.expires is None or at < self.expires)
        )

    def restorable(self, at: datetime) -> bool:
        """Whether revoking can be undone at the time *at*."""
        return self.key is not None and self.undo is not None and at < self.undo


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """A message as the store knows it: nothing of its content.

    *id*: 16 octets, the one in the container's header.  *rights*: those that policy withholds.  *size*: of
    the plaintext.  *since*: when it was sealed.  *terms*: the text of its licence, as it was written.
    *subject*: sealed (`postseal.sealed.subject`), None if it is not known.  *latest*: beyond which its sender
    must not extend it, None if no rule says how long it can be read.  *read_notice*: whether he is told when
    somebody first reads it.  *lock*: what `store.locks` notes of a passphrase.
    """

    id: bytes
    message_id: str
    sender: str
    rights: tuple[str, ...]
    brand: str
    size: int
    since: datetime
    recipients: tuple[Addressee, ...] = field(default=(), compare=False)
    terms: str = ""
    subject: bytes | None = field(default=None, compare=False, repr=False)
    latest: datetime | None = None
    read_notice: bool = False
    lock: bytes = field(default=b"", repr=False)

    @property
    def licence(self) -> Licence:
        """What holds besides the rights."""
        return Licence.of(self.terms)

    def bound(self, address: str) -> bytes:
        """What its key is bound to when it is wrapped for *address*, which is in the form to compare."""
        return context(self.id, address, self.rights, self.terms, lock=self.lock)

    @property
    def author(self) -> str:
        """Its sender, in the form to compare."""
        return key(self.sender)[:ADDRESS_CHARACTERS]

    def addressee(self, address: str) -> Addressee | None:
        """The recipient with this *address*, in the form to compare."""
        return next((one for one in self.recipients if one.address == address), None)


class SealedMessages:
    """The verbs of milter and portal.

    Each is one transaction, and raises Failure if the store cannot carry it out.
    """

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store = store
        self._audit = audit

    def add(self, message: SealedMessage) -> bool:
        """Note *message* with its recipients and their keys; whether it was new."""

        def work(connection: Connection) -> list[room.Row] | None:
            known = select(sealed_messages.c.id).where(sealed_messages.c.id == message.id)
            if connection.execute(known).first():
                return None
            values = {name: getattr(message, name) for name in _SAME}
            values |= {"rights": ",".join(message.rights), "licence": message.terms}
            values |= {"lock": message.lock or None}
            connection.execute(insert(sealed_messages).values(values))
            rows, keys = [], []
            for one in message.recipients:
                same = {"message": message.id, "address": one.address}
                rows.append(
                    {**same, "written": one.written, "state": one.state.value, "expires": one.expires}
                    | {"changed": one.changed, "number": one.number or None}
                )
                if one.key:
                    keys.append({**same, "master": one.key.master, "octets": one.key.octets})
            connection.execute(insert(sealed_recipients), rows)
            connection.execute(insert(sealed_keys), keys)
            entries = [Entry(Event.SEALED, message.id, one.address) for one in message.recipients]
            return self._audit.added(connection, entries, message.since)

        added = self._store.write(work)
        room.tell(added or ())
        return added is not None

    def of(self, message: bytes) -> SealedMessage | None:
        """The message with this id and all its recipients; None if there is none (any more)."""
        return next(iter(self.some([message])), None)

    def some(self, ids: Collection[bytes]) -> tuple[SealedMessage, ...]:
        """The messages with these *ids*, the newest first."""

        def work(connection: Connection) -> tuple[SealedMessage, ...]:
            messages = select(sealed_messages).where(sealed_messages.c.id.in_(ids))
            rows = connection.execute(messages.order_by(sealed_messages.c.since.desc())).all()
            recipients = (
                select(sealed_recipients, sealed_keys.c.master, sealed_keys.c.octets)
                .add_columns(branches.c.kind, branches.c.parent)
                .outerjoin_from(sealed_recipients, sealed_keys)
                .outerjoin(branches, _same(branches))
                .where(sealed_recipients.c.message.in_(ids))
                .order_by(sealed_recipients.c.address)
            )
            of: dict[bytes, list[Addressee]] = {row.id: [] for row in rows}
            for row in connection.execute(recipients):
                of[row.message].append(_addressee(row))
            return tuple(
                SealedMessage(
                    *(row.id, row.message_id, row.sender, tuple(filter(None, row.rights.split(",")))),
                    *(row.brand, row.size, row.since, tuple(of[row.id])),
                    *(row.licence, row.subject, row.latest, row.read_notice),
                    lock=row.lock or b"",
                )
                for row in rows
            )

        return self._store.read(work)


def unwrapped(message: SealedMessage, addressee: Addressee, keys: MasterKeys) -> bytes:
    """The key of *message*, as *addressee* has it.  Raises Failure(KEYS); ValueError if he has none."""
    if addressee.key is None:
        raise ValueError("the key of this recipient was deleted")
    return keys.unwrap(addressee.key, message.bound(addressee.address))


def rewrap(store: Store, keys: MasterKeys, *, limit: int = _MANY) -> int:
    """Wrap at most *limit* message keys by the current master key that are not yet; how many were."""
    fields = (sealed_keys.c.number, sealed_keys.c.message, sealed_keys.c.address)
    query = (
        select(*fields, sealed_keys.c.master, sealed_keys.c.octets)
        .add_columns(sealed_messages.c.rights, sealed_messages.c.licence, sealed_messages.c.lock)
        .join_from(sealed_keys, sealed_messages, sealed_keys.c.message == sealed_messages.c.id)
        .where(sealed_keys.c.master != keys.current)
        .limit(limit)
    )
    rows = store.read(lambda connection: connection.execute(query).all())
    # Outside of any transaction: a key server may take its time.
    news = []
    for row in rows:
        rights = filter(None, row.rights.split(","))
        bound = context(row.message, row.address, rights, row.licence, lock=row.lock or b"")
        secret = keys.unwrap(Wrapped(row.master, row.octets), bound)
        news.append((row.number, row.octets, keys.wrap(secret, bound)))

    def work(connection: Connection) -> int:
        done = 0
        for number, old, new in news:
            same = (sealed_keys.c.number == number, sealed_keys.c.octets == old)  # it may be revoked by now
            values = {"master": new.master, "octets": new.octets}
            done += connection.execute(update(sealed_keys).where(*same).values(values)).rowcount
        return done

    return store.write(work) if news else 0


def scrub(store: Store) -> bool:
    """Overwrite what deleted keys have left in the database's files; whether nobody kept us from it.

    What write-ahead archives and backups hold is beyond reach: docs/limits.md.
    """
    return store.scrub("sealed_keys")


def _same(other: Table) -> ColumnElement[bool]:
    mine = sealed_recipients.c
    return and_(other.c.message == mine.message, other.c.address == mine.address)


def _addressee(row: "Row[tuple[object, ...]]") -> Addressee:
    wrapped = Wrapped(row.master, row.octets) if row.octets is not None else None
    known = (row.address, row.written, State(row.state), row.expires, row.changed)
    kind, number = Kind(row.kind or ""), row.number or b""
    return Addressee(*known, wrapped, row.undo, kind=kind, parent=row.parent or "", number=number)
