"""The audit of sealed messages: rows that are only ever added, each vouching for all before it.

A row's code is an HMAC over the row and the code of the row before, under a key that the database does
not have (`postseal.store.secret`).  `verify` finds a row that was changed, added or taken out by somebody
who can write to the database.  Rows cut off at the end cannot be seen in the database itself: every row
is also told to the log, with its number and code, and `verify` returns the last of both to compare.

Never in a row: a subject, a name of a file, a passcode, a key, an address of a network.
"""

import hashlib
import hmac
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy
from sqlalchemy import Connection, func, insert, select

from postseal import log
from postseal.store.engine import Store
from postseal.store.schema_sealed import DETAIL_CHARACTERS, audit

_log = logging.getLogger(__name__)

_LOCK: Final = 0x706F7374_61756469
"""The name of the advisory lock in PostgreSQL: "postaudi"."""
_MANY: Final = 1000
_BEGIN: Final = bytes(32)


class Event(StrEnum):
    """What happened.  Only `shown`, `fetched` and `copied` mean that a person has read something."""

    SEALED = "sealed"  # by the milter
    POSTED = "posted"  # somebody, or a robot, posted the container
    CODE_SENT = "code_sent"
    AUTHENTICATED = "authenticated"  # detail: how
    UNSEALED = "unsealed"  # by the milter, for a recipient inside
    SHOWN = "shown"  # the body; or, detail says of which attachment, a page as a picture
    FETCHED = "fetched"  # an attachment; detail: its place in the message
    COPIED = "copied"  # into a file that opens without the portal; detail: how long it is good
    REPLIED = "replied"
    OVERSEEN = "overseen"  # opened by a super user; detail: why
    SUPER_USERS = "super_users"  # who they are has changed; detail: they
    ADMITTED = "admitted"  # as a member of a list; detail: of which
    FORWARDED = "forwarded"  # by a reader; detail: to whom
    REVOKED = "revoked"
    RESTORED = "restored"  # revoking was undone
    KEY_DELETED = "key_deleted"  # of who was revoked: nobody can undo it any more
    EXTENDED = "extended"
    EXPIRED = "expired"
    PURGED = "purged"
    SENDER_TOLD = "sender_told"  # that it was read, first
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    FAILED = "failed"  # detail: what
    ADMINISTERED = "administered"  # by *address* on the administrators' page; detail: what
    SIGNED_OUT = "signed_out"  # by an administrator; detail: what has ended
    KEYS_BACKED_UP = "keys_backed_up"


AS_SUPER_USER: Final = "as a super user"
"""At the end of a detail: it was no recipient who read, and the sender does not hear of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row to be.  *message* None and *address* "": it concerns none, or all.  *detail*: one short line."""

    event: Event
    message: bytes | None = None
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that is."""

    number: int
    at: datetime
    event: str
    message: bytes | None
    address: str
    detail: str
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """How far the audit is as it was written.

    *rows*: how many are good, from the first.  *bad*: the number of the first row that is not, 0 for none.
    *last*: the code of the last good row.
    """

    rows: int
    bad: int
    last: bytes


class Audit:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *key*: the 32 octets of `Secret.derive("audit")`.
    """

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def add(self, entries: Sequence[Entry], *, at: datetime) -> None:
        """Add *entries*, in this order."""
        if entries:
            tell(self._store.write(lambda connection: self.added(connection, entries, at)))

    def added(self, connection: Connection, entries: Sequence[Entry], at: datetime) -> list[Row]:
        """Add *entries* as a part of another's transaction; the rows, to be told after its commit.

        It is the last thing that such a transaction does: others wait for the end of it.
        """
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        last = select(audit.c.number, audit.c.mac).order_by(audit.c.number.desc()).limit(1)
        found = connection.execute(last).first()
        number, mac = (found.number, found.mac) if found else (0, _BEGIN)
        rows = []
        for entry in entries:
            number += 1
            detail = _line(entry.detail)[:DETAIL_CHARACTERS]
            row = Row(number, at, entry.event.value, entry.message, entry.address, detail, b"")
            mac = self._mac(row, mac)
            rows.append(Row(number, at, row.event, row.message, row.address, detail, mac))
        if rows:
            connection.execute(insert(audit), [_values(row) for row in rows])
        return rows

    def of(self, message: bytes) -> tuple[Row, ...]:
        """What happened to *message*, in order."""
        query = select(audit).where(audit.c.message == message).order_by(audit.c.number)
        return self._store.read(lambda connection: tuple(_row(row) for row in connection.execute(query)))

    def count(self, event: Event, message: bytes, address: str, *, since: datetime) -> int:
        """How often *event* has happened to *message* by *address* *since* then."""
        here = (audit.c.message == message, audit.c.address == address, audit.c.event == event.value)
        query = select(func.count()).select_from(audit).where(*here, audit.c.at > since)
        return self._store.read(lambda connection: connection.scalar(query) or 0)

    def every(self) -> Iterator[Row]:
        """All rows in order, some at a time."""
        after = 0
        while True:
            rows = self._after(after)
            if not rows:
                return
            yield from rows
            after = rows[-1].number

    def newest(self, limit: int) -> tuple[Row, ...]:
        """The last *limit* rows, the newest first."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        return self._store.read(lambda connection: tuple(_row(row) for row in connection.execute(query)))

    def last(self, event: Event) -> Row | None:
        """The last row of *event*."""
        query = select(audit).where(audit.c.event == event.value).order_by(audit.c.number.desc()).limit(1)
        found = self._store.read(lambda connection: connection.execute(query).first())
        return _row(found) if found else None

    def checked(self) -> Iterator[tuple[Row, bool]]:
        """Every row in order, and whether it is as it was written after the one that is before it now."""
        mac, number = _BEGIN, 0
        for row in self.every():
            good = row.number == number + 1 and hmac.compare_digest(self._mac(row, mac), row.mac)
            yield row, good
            number, mac = row.number, row.mac

    def verify(self) -> Verified:
        """Read the audit up to the first row that is not as it was written."""
        number, mac = 0, _BEGIN
        for row, good in self.checked():
            if not good:
                return Verified(number, number + 1, mac)
            number, mac = row.number, row.mac
        return Verified(number, 0, mac)

    def _after(self, number: int) -> list[Row]:
        query = select(audit).where(audit.c.number > number).order_by(audit.c.number).limit(_MANY)
        return self._store.read(lambda connection: [_row(row) for row in connection.execute(query)])

    def _mac(self, row: Row, before: bytes) -> bytes:
        parts = (
            b"postseal v1 audit",
            before,
            row.number.to_bytes(8, "big"),
            row.at.isoformat().encode(),
            row.event.encode(),
            row.message or b"",
            row.address.encode("utf-8"),
            row.detail.encode("utf-8"),
        )
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._key, framed, hashlib.sha256).digest()


def tell(rows: Sequence[Row]) -> None:
    """Tell the log of *rows*, so that nobody can cut them off unseen."""
    for row in rows:
        # As `postseal messages` shows it: the whole id is the link, and enough to have codes mailed.
        message = row.message.hex()[:12] if row.message else None
        line = log.line(
            event="audit",
            number=row.number,
            what=row.event,
            message=message,
            address=row.address or None,
            mac=row.mac.hex()[:16],
        )
        _log.info("%s", line)


def _row(found: "sqlalchemy.Row[tuple[object, ...]]") -> Row:
    return Row(found.number, found.at, found.event, found.message, found.address, found.detail, found.mac)


def _values(row: Row) -> dict[str, object]:
    names = ("number", "at", "event", "message", "address", "detail", "mac")
    return {name: getattr(row, name) for name in names}


def _line(text: str) -> str:
    printable = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return printable.encode("utf-8", "replace").decode("utf-8")
