"""Sessions of the portal: a browser, and whose mail it may read.

The cookie is 32 random octets; the store knows its SHA-256 only, so a copy of the database opens no
session.  Signing in makes a new cookie: one that somebody planted before is worth nothing afterwards.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update

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
        return self._begin("", "", at, None)

    def of(self, cookie: str, *, at: datetime) -> Session | None:
        """The session of *cookie*, which is used now; None if there is none, or it has ended."""
        query = select(portal_sessions).where(portal_sessions.c.id == _id(cookie))
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
        self.end(cookie)
        return self._begin(address, how, at, message)

    def end(self, cookie: str) -> None:
        """End the session of *cookie*, if there is one."""
        gone = delete(portal_sessions).where(portal_sessions.c.id == _id(cookie))
        self._store.write(lambda connection: connection.execute(gone))

    def end_all(self, address: str) -> int:
        """End all sessions of *address*; how many there were."""
        gone = delete(portal_sessions).where(portal_sessions.c.address == address)
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have ended; how many."""
        ended = (portal_sessions.c.until <= at) | (portal_sessions.c.seen <= at - self._idle)
        some = select(portal_sessions.c.id).where(ended).limit(limit)
        gone = delete(portal_sessions).where(portal_sessions.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _begin(self, address: str, how: str, at: datetime, message: bytes | None) -> str:
        cookie = secrets.token_urlsafe(32)
        row = {"id": _id(cookie), "address": address, "how": how, "since": at, "seen": at, "message": message}
        row["until"] = at + self._longest
        self._store.write(lambda connection: connection.execute(insert(portal_sessions).values(row)))
        return cookie


def _id(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()
