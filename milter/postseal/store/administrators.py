"""Who has signed in to the administrators' page, and the links that let somebody in once.

As with readers (`store.sessions`) the store knows only a SHA-256 of what a browser has.  Nothing of one is
good as the other: neither a reader's cookie here, nor the word of a link as a cookie.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, delete, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema_administrators import administrator_sessions as table

LINK_LIFE: Final = timedelta(minutes=15)
LINK: Final = "link"
_MANY: Final = 1000
_TOUCH: Final = timedelta(seconds=30)
"""A session's last use is noted no more often than that."""
_SESSION: Final = "administrator"


@dataclass(frozen=True, slots=True)
class Administrator:
    """A session.  *address*: who has signed in, in the form to compare, or "" before he has.

    *how*: the name of a provider, or `link`.  *groups*: that the provider says he is in.  *until*: when it
    ends at the latest.
    """

    id: bytes
    address: str
    how: str
    groups: tuple[str, ...]
    since: datetime
    seen: datetime
    until: datetime


class Administrators:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    A session ends after *idle* without use, and *longest* after it began.
    """

    def __init__(
        self,
        store: Store,
        *,
        idle: timedelta = timedelta(minutes=15),
        longest: timedelta = timedelta(hours=8),
    ) -> None:
        self._store = store
        self._idle = idle
        self._longest = longest

    def begin(self, *, at: datetime) -> str:
        """Begin a session of somebody unknown; its cookie."""
        return self.sign_in("", "", "", at=at)

    def of(self, cookie: str, *, at: datetime) -> Administrator | None:
        """The session of *cookie*, which is used now; None if there is none, or it has ended."""
        query = select(table).where(table.c.id == _id(_SESSION, cookie))
        row = self._store.read(lambda connection: connection.execute(query).first())
        if row is None or row.until <= at or row.seen + self._idle <= at:
            return None
        if at - row.seen >= _TOUCH:
            touch = update(table).where(table.c.id == row.id).values(seen=at)
            self._store.write(lambda connection: connection.execute(touch))
        return _session(row)

    def sign_in(
        self, cookie: str, address: str, how: str, *, at: datetime, groups: Iterable[str] = ()
    ) -> str:
        """End the session of *cookie* and begin one of *address*; its cookie."""
        self.end(cookie)
        new = secrets.token_urlsafe(32)
        row = _row(_id(_SESSION, new), address, how, at=at, until=at + self._longest, groups=groups)
        self._store.write(lambda connection: connection.execute(insert(table).values(row)))
        return new

    def end(self, cookie: str) -> None:
        """End the session of *cookie*, if there is one."""
        gone = delete(table).where(table.c.id == _id(_SESSION, cookie))
        self._store.write(lambda connection: connection.execute(gone))

    def link(self, address: str, *, at: datetime) -> str:
        """The word of a new link for *address*, good once, for `LINK_LIFE`."""
        word = secrets.token_urlsafe(32)
        row = _row(_id(LINK, word), address, LINK, at=at, until=at + LINK_LIFE)
        self._store.write(lambda connection: connection.execute(insert(table).values(row)))
        return word

    def followed(self, word: str, *, at: datetime) -> str:
        """For whom the link with this *word* is, which is good no more; "" if it is good for nobody."""
        here = (table.c.id == _id(LINK, word), table.c.until > at)
        gone = delete(table).where(*here).returning(table.c.address)
        return self._store.write(lambda connection: connection.scalar(gone)) or ""

    def every(self, address: str, *, at: datetime) -> tuple[Administrator, ...]:
        """The sessions and links of *address*, the newest first."""
        here = (table.c.address == address, table.c.until > at)
        query = select(table).where(*here).order_by(table.c.since.desc()).limit(_MANY)
        rows = self._store.read(lambda connection: connection.execute(query).all())
        return tuple(_session(row) for row in rows)

    def end_all(self, address: str) -> int:
        """End all sessions and links of *address*; how many there were."""
        gone = delete(table).where(table.c.address == address)
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have ended; how many."""
        some = select(table.c.id).where(table.c.until <= at).limit(limit)
        gone = delete(table).where(table.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)


def _row(
    id_: bytes, address: str, how: str, *, at: datetime, until: datetime, groups: Iterable[str] = ()
) -> dict[str, object]:
    row = {"id": id_, "address": address, "how": how, "groups": json.dumps(list(groups))}
    return row | {"since": at, "seen": at, "until": until}


def _session(row: "Row[tuple[object, ...]]") -> Administrator:
    groups = tuple(json.loads(row.groups))
    return Administrator(row.id, row.address, row.how, groups, row.since, row.seen, row.until)


def _id(kind: str, word: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{word}".encode("utf-8", "replace")).digest()
