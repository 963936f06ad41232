"""Sessions of the portal: a browser, and whose mail it may read.

The cookie is 32 random octets; the store knows its SHA-256 only, so a copy of the database opens no
session.  Signing in makes a new cookie: one that somebody planted before is worth nothing afterwards.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema_sealed import portal_sessions

_MANY: Final = 1000
_TOUCH: Final = timedelta(seconds=30)
"""A session's last use is noted no more often than that."""


@dataclass(frozen=True, slots=True)
class Session:
    """*id*: what passcodes are bound to.  *address*: who has signed in, in the form to compare, or "".

    *how*: `passcode`, `passkey`, the name of a provider, or "".  *since*: of a session that has signed in,
    when it did; *message*: for which.  *until*: when it ends at the latest.
    """

    id: bytes
    address: str
    how: str
    since: datetime
    seen: datetime
    until: datetime
    message: bytes | None = None


class Sessions:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    A session ends after *idle* without use, and *longest* after it began.
    """

    def __init__(
        self,
        store: Store,
        *,
        idle: timedelta = timedelta(minutes=30),
        longest: timedelta = timedelta(hours=12),
    ) -> None:
        self._store = store
        self._idle = idle
        self._longest = longest

    def begin(self, *, at: datetime) -> str:
        """Begin a session of somebody unknown; its cookie."""
        cookie = secrets.token_urlsafe(32)
        row = self._row(cookie, "", "", at)
        self._store.write(lambda connection: connection.execute(insert(portal_sessions).values(row)))
        return cookie

    def of(self, cookie: str, *, at: datetime) -> Session | None:
        """The session of *cookie*, which is used now; None if there is none, or it has ended."""
        query = select(portal_sessions).where(portal_sessions.c.id == session_id(cookie))
        row = self._store.read(lambda connection: connection.execute(query).first())
        if row is None or row.until <= at or row.seen + self._idle <= at:
            return None
        if at - row.seen >= _TOUCH:
            touch = update(portal_sessions).where(portal_sessions.c.id == row.id).values(seen=at)
            self._store.write(lambda connection: connection.execute(touch))
        return Session(row.id, row.address, row.how, row.since, at, row.until, row.message)

    def sign_in(
        self, cookie: str, address: str, how: str, *, at: datetime, message: bytes | None = None
    ) -> str:
        """End the session of *cookie* and begin one that may read the mail of *address*; its cookie.

        *message*: for which somebody has signed in.
        """
        new, old = secrets.token_urlsafe(32), session_id(cookie)
        self._store.write(
            lambda connection: self.follow(connection, old, new, address, how, at=at, message=message)
        )
        return new

    def follow(
        self,
        connection: Connection,
        old: bytes,
        new: str,
        address: str,
        how: str,
        *,
        at: datetime,
        message: bytes | None,
    ) -> None:
        """The same for the session with the id *old* and the cookie *new*, in another's transaction."""
        connection.execute(delete(portal_sessions).where(portal_sessions.c.id == old))
        row = self._row(new, address, how, at) | {"message": message}
        connection.execute(insert(portal_sessions).values(row))

    def end(self, cookie: str) -> None:
        """End the session of *cookie*, if there is one."""
        gone = delete(portal_sessions).where(portal_sessions.c.id == session_id(cookie))
        self._store.write(lambda connection: connection.execute(gone))

    def every(self, address: str, *, at: datetime) -> tuple[Session, ...]:
        """The sessions of *address*, the newest first."""
        here = (portal_sessions.c.address == address, portal_sessions.c.until > at)
        query = select(portal_sessions).where(*here).order_by(portal_sessions.c.since.desc()).limit(_MANY)
        rows = self._store.read(lambda connection: connection.execute(query).all())
        return tuple(
            Session(row.id, row.address, row.how, row.since, row.seen, row.until, row.message) for row in rows
        )

    def end_all(self, address: str) -> int:
        """End all sessions of *address*; how many there were."""
        gone = delete(portal_sessions).where(portal_sessions.c.address == address)
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have ended; how many."""
        # Not those that are idle: for how long they may be is for the portal's settings to say.
        some = select(portal_sessions.c.id).where(portal_sessions.c.until <= at).limit(limit)
        gone = delete(portal_sessions).where(portal_sessions.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _row(self, cookie: str, address: str, how: str, at: datetime) -> dict[str, object]:
        row = {"id": session_id(cookie), "address": address, "how": how, "since": at, "seen": at}
        return row | {"until": at + self._longest}


def session_id(cookie: str) -> bytes:
    """The id of the session of *cookie*, whether or not there is one."""
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
