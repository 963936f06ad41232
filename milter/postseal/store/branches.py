"""How readers came to a message whom its sender has not named: a tree below those whom he has.

Whoever grows has a row among the recipients and a wrapped key of his own, like everybody else: what holds for
recipients holds for him.  He never reads longer than the one above him did when he came, and does not come at
all when that one reads no more: both are looked at in the transaction that lets him in.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, insert, select

from postseal.sealed.master import Wrapped
from postseal.store.engine import Store
from postseal.store.schema_branches import branches
from postseal.store.schema_sealed import sealed_keys, sealed_recipients
from postseal.store.sealed import Kind, State


@dataclass(frozen=True, slots=True)
class Branch:
    """*address* reads by way of *parent*, since then.  *note*: sealed, empty if there is none."""

    address: str
    parent: str
    kind: Kind
    since: datetime
    note: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Bud:
    """Somebody who is to read: *address* in the form to compare, *written* as mail to him is addressed."""

    address: str
    written: str
    key: Wrapped


class Barred(Exception):
    """Nobody can be let in by way of somebody who may not read himself."""


class Branches:
    """The verbs.  `of` is one transaction, and raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def of(self, message: bytes) -> tuple[Branch, ...]:
        """All of *message*, the oldest first."""
        query = select(branches).where(branches.c.message == message)
        query = query.order_by(branches.c.since, branches.c.address)

        def work(connection: Connection) -> tuple[Branch, ...]:
            return tuple(
                Branch(row.address, row.parent, Kind(row.kind), row.since, row.note or b"")
                for row in connection.execute(query)
            )

        return self._store.read(work)


def grow(connection: Connection, message: bytes, buds: Collection[Bud], branch: Branch) -> tuple[str, ...]:
    """Let *buds* read *message* as a part of another's transaction; who is new.  Raises Barred.

    *branch*: what is the same for all.  Who is a recipient already, whatever became of him, stays as he is.
    """
    at = branch.since
    mine = (sealed_recipients.c.message == message, sealed_recipients.c.address == branch.parent)
    # Whoever takes the message from him now waits for us, and then finds what has grown (`reach`).
    row = connection.execute(select(sealed_recipients).where(*mine).with_for_update()).first()
    if row is None or row.state != State.OPEN.value or (row.expires is not None and row.expires <= at):
        raise Barred
    wanted = sealed_recipients.c.address.in_([bud.address for bud in buds])
    known = set(
        connection.scalars(
            select(sealed_recipients.c.address).where(sealed_recipients.c.message == message, wanted)
        )
    )
    new = [bud for bud in buds if bud.address not in known]
    if not new:
        return ()
    rows, keys, grown = [], [], []
    for bud in new:
        same: dict[str, object] = {"message": message, "address": bud.address}
        reads = {"written": bud.written, "state": State.OPEN.value, "expires": row.expires, "changed": at}
        rows.append(same | reads)
        keys.append(same | {"master": bud.key.master, "octets": bud.key.octets})
        grown.append(
            same
            | {"parent": branch.parent, "kind": branch.kind.value, "since": at, "note": branch.note or None}
        )
    connection.execute(insert(sealed_recipients), rows)
    connection.execute(insert(sealed_keys), keys)
    connection.execute(insert(branches), grown)
    return tuple(bud.address for bud in new)


def reach(connection: Connection, message: bytes, addresses: Collection[str]) -> tuple[str, ...]:
    """*addresses* and all who read *message* by way of them; none if there are none, which means everybody.

    All of them are held until the end of the transaction: nobody is let in meanwhile by one of them.
    """
    mine = sealed_recipients.c.message == message
    held = select(sealed_recipients.c.address).where(mine).order_by(sealed_recipients.c.address)
    found = level = set(addresses)
    if not level:
        connection.execute(held.with_for_update()).all()
    while level:
        connection.execute(held.where(sealed_recipients.c.address.in_(level)).with_for_update()).all()
        below = select(branches.c.address).where(branches.c.message == message, branches.c.parent.in_(level))
        level = set(connection.scalars(below)) - found
        found = found | level
    return tuple(sorted(found))
