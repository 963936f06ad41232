"""Passkeys: public keys of people who have shown once that an address is theirs, and need no code any more.

A passkey is of one address and ends at its time, whatever happens: somebody may lose an address and keep his
telephone.  Its counter only ever grows, also when two answers come at once.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema_sealed import passkeys as of_readers

MOST: Final = 10
"""Of one address."""
_MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class Passkey:
    """*credential*: what the authenticator calls it.  *key*: public, as COSE (RFC 9052).

    *address*: in the form to compare.  *counter*: of the last use; authenticators without one say 0.
    """

    credential: bytes
    key: bytes = field(repr=False)
    address: str
    counter: int
    since: datetime
    until: datetime
    used: datetime | None = None

    @property
    def id(self) -> bytes:
        """By which it is found."""
        return _id(self.credential)


class Passkeys:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *table*: readers' passkeys, or another of its columns.
    """

    def __init__(self, store: Store, table: Table = of_readers) -> None:
        self._store = store
        self._table = table

    def add(self, passkey: Passkey) -> bool:
        """Keep *passkey*; False if it is known already, or its address has too many."""
        row = {name: getattr(passkey, name) for name in ("credential", "key", "address", "counter")}
        row |= {"id": passkey.id, "since": passkey.since, "until": passkey.until, "used": passkey.used}
        known = select(self._table.c.id).where(self._table.c.id == passkey.id)
        count = select(func.count()).where(self._table.c.address == passkey.address)

        def work(connection: Connection) -> bool:
            if connection.execute(known).first() or (connection.scalar(count) or 0) >= MOST:
                return False
            connection.execute(insert(self._table).values(row))
            return True

        return self._store.write(work)

    def of(self, address: str, *, at: datetime) -> tuple[Passkey, ...]:
        """Those of *address*, the oldest first."""
        mine = (self._table.c.address == address, self._table.c.until > at)
        query = select(self._table).where(*mine).order_by(self._table.c.since)
        return self._store.read(lambda connection: tuple(map(_passkey, connection.execute(query))))

    def find(self, credential: bytes, *, at: datetime) -> Passkey | None:
        """The one that an authenticator calls *credential*, if it has not ended."""
        query = select(self._table).where(self._table.c.id == _id(credential), self._table.c.until > at)
        row = self._store.read(lambda connection: connection.execute(query).first())
        return _passkey(row) if row else None

    def use(self, passkey: Passkey, counter: int, *, at: datetime) -> bool:
        """Note that *passkey* was used and says *counter* now; False if somebody else has been quicker."""
        same = (
            self._table.c.id == passkey.id,
            self._table.c.counter == passkey.counter,
            self._table.c.until > at,
        )
        change = update(self._table).where(*same).values(counter=counter, used=at)
        return self._store.write(lambda connection: bool(connection.execute(change).rowcount))

    def remove(self, address: str, id_: bytes) -> bool:
        """Forget the one with this id if it is of *address*; whether there was one."""
        gone = delete(self._table).where(self._table.c.id == id_, self._table.c.address == address)
        return self._store.write(lambda connection: bool(connection.execute(gone).rowcount))

    def remove_all(self, address: str) -> int:
        """Forget all of *address*; how many there were."""
        gone = delete(self._table).where(self._table.c.address == address)
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have ended; how many."""
        some = select(self._table.c.id).where(self._table.c.until <= at).limit(limit)
        gone = delete(self._table).where(self._table.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)


def _id(credential: bytes) -> bytes:
    return hashlib.sha256(credential).digest()


def _passkey(row: "Row[tuple[object, ...]]") -> Passkey:
    return Passkey(row.credential, row.key, row.address, row.counter, row.since, row.until, row.used)
