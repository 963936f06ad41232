"""Who has written to whom before, so that rules can ask for the first mail.

What is kept is a digest of sender and recipient under a key that is not in the database, and one of the
first message: while it is tried again it is still the first.  Nobody reads from it who writes to whom.
"""

import hmac
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from postseal.store.engine import Store
from postseal.store.schema import acquaintances

_OFTEN: Final = timedelta(days=1)
"""How old the note is that they still write before it is written anew."""
_MANY: Final = 1000
_INSERT: Final[Mapping[str, postgresql.Insert | sqlite.Insert]] = {
    "sqlite": sqlite.insert(acquaintances),
    "postgresql": postgresql.insert(acquaintances),
}


class Acquaintances:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *key*: of the digests.  *keep*: how long two who stop writing are remembered.  Addresses are in the form
    to compare, *message* is a digest that is the same when the message comes again.
    """

    def __init__(self, store: Store, key: bytes, *, keep: timedelta) -> None:
        self._store = store
        self._key = key
        self._keep = keep

    def strangers(
        self, sender: str, recipients: Collection[str], message: bytes, at: datetime
    ) -> frozenset[str]:
        """Those of *recipients* to whom *sender* has sent nothing before *message*."""
        pairs = {self._pair(sender, each): each for each in recipients}
        columns, own = acquaintances.c, self._digest(b"message", message)
        known = select(columns.pair).where(columns.until > at, columns.message != own)

        def work(connection: Connection) -> set[bytes]:
            return {
                pair
                for some in _some(pairs)
                for pair in connection.scalars(known.where(columns.pair.in_(some)))
            }

        found = self._store.read(work)
        return frozenset(each for pair, each in pairs.items() if pair not in found)

    def note(self, sender: str, recipients: Collection[str], message: bytes, at: datetime) -> None:
        """*sender* has sent *message* to *recipients*."""
        pairs = {self._pair(sender, each) for each in recipients}
        own, until = self._digest(b"message", message), at + self._keep

        def work(connection: Connection) -> None:
            noted = _noted(_INSERT[connection.dialect.name], at, until - min(_OFTEN, self._keep / 2))
            for some in _some(pairs):
                connection.execute(noted, [{"pair": pair, "message": own, "until": until} for pair in some])

        if pairs:
            self._store.write(work)

    def _pair(self, sender: str, recipient: str) -> bytes:
        return self._digest(b"pair", sender.encode("utf-8", "replace"), recipient.encode("utf-8", "replace"))

    def _digest(self, *parts: bytes) -> bytes:
        return hmac.digest(self._key, b"\0".join(parts), "sha256")


def expire(store: Store, at: datetime, *, limit: int = _MANY) -> int:
    """Remove what ended before *at*, at most *limit* of it; how many that were."""

    def work(connection: Connection) -> int:
        ended = select(acquaintances.c.pair).where(acquaintances.c.until <= at).limit(limit)
        ended = ended.order_by(acquaintances.c.until).with_for_update(skip_locked=True)
        return connection.execute(delete(acquaintances).where(acquaintances.c.pair.in_(ended))).rowcount

    return store.write(work)


def _noted(
    insert: postgresql.Insert | sqlite.Insert, at: datetime, due: datetime
) -> postgresql.Insert | sqlite.Insert:
    """Note who is new at the time *at*, and anew those who were remembered until *due* at most."""
    columns, new = acquaintances.c, insert.excluded
    over = columns.until <= at  # they were strangers again, and this is the first
    return insert.on_conflict_do_update(
        index_elements=[columns.pair],
        set_={"until": new.until, "message": case((over, new.message), else_=columns.message)},
        where=columns.until <= due,
    )


def _some(keys: Collection[bytes]) -> list[list[bytes]]:
    """*keys* in their order, some at a time: two who lock in different orders wait for each other."""
    ordered = sorted(keys)
    return [ordered[start : start + _MANY] for start in range(0, len(ordered), _MANY)]
