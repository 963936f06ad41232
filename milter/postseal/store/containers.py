"""Sealed containers that the portal keeps: copies behind links, and what a browser has posted.

Only ciphertext is here.  A container comes piece by piece, each piece a transaction of its own; it has a
name, by which it is found, only when it is complete.  One that never is, is tidied away.

    milter:   keep(kept(message), message, pieces, …)               a copy for the link
    portal:   begin(message) · append … · complete(posted(handle)) · spare   what `message.html` has posted
              find(posted(handle), at), or find(kept(message), at) · pieces
              begin(reply) · append … · Outbox.put                  a reply, until it has left
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, insert, or_, select, update

from postseal.store.engine import Store
from postseal.store.schema_outbox import outbox
from postseal.store.schema_sealed import ID_OCTETS, container_pieces, containers, sealed_messages

PIECE: Final = 1 << 20
"""Octets of one row: few enough to be written within any timeout."""
_UNFINISHED: Final = timedelta(hours=1)
_MANY: Final = 100


@dataclass(frozen=True, slots=True)
class Container:
    """A complete container: the sealed *message* that its header names, its octets, when it ends."""

    id: bytes
    message: bytes
    size: int
    until: datetime | None


def kept(message: bytes) -> bytes:
    """The name of the copy that is kept of *message*."""
    return hashlib.sha256(b"postseal kept\0" + message).digest()


def posted(handle: bytes) -> bytes:
    """The name of what was posted and is known to the browser by *handle*, at least 16 random octets."""
    return hashlib.sha256(b"postseal posted\0" + handle).digest()


def waiting(reply: bytes) -> bytes:
    """The name of the reply with this id that waits in the outbox."""
    return hashlib.sha256(b"postseal waiting\0" + reply).digest()


def completed(connection: Connection, container: bytes, name: bytes, size: int) -> None:
    """Complete a container as a part of another's transaction."""
    connection.execute(delete(containers).where(containers.c.name == name))
    found = containers.c.id == container
    connection.execute(update(containers).where(found).values(name=name, size=size))


class Containers:
    """The verbs.  Each but `keep` is one transaction; all raise Failure if the store cannot carry it out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(
        self, name: bytes, message: bytes, pieces: Iterable[bytes], *, at: datetime, until: datetime | None
    ) -> None:
        """Write the whole container of *pieces*.  What they raise leaves nothing that is found.

        *until*: when it ends; None: with its message.
        """
        container, size = self.write(message, pieces, at=at, until=until)
        self.complete(container, name, size)

    def write(
        self, message: bytes, pieces: Iterable[bytes], *, at: datetime, until: datetime | None
    ) -> tuple[bytes, int]:
        """Write the whole container of *pieces*, which nobody finds yet; its id and its size."""
        container = self.begin(message, at=at, until=until)
        number = size = 0
        held = bytearray()
        for piece in pieces:
            held += piece
            size += len(piece)
            while len(held) >= PIECE:
                self.append(container, number, bytes(held[:PIECE]))
                del held[:PIECE]
                number += 1
        self.append(container, number, bytes(held))
        return container, size

    def begin(self, message: bytes, *, at: datetime, until: datetime | None) -> bytes:
        """Make room for a container of *message*; its id, which nobody else knows."""
        container = secrets.token_bytes(ID_OCTETS)
        row = {"id": container, "message": message, "size": 0, "since": at, "until": until}
        self._store.write(lambda connection: connection.execute(insert(containers).values(row)))
        return container

    def append(self, container: bytes, number: int, octets: bytes) -> None:
        """Write the piece of this *number*, from 0; at most `PIECE` octets."""
        row = {"container": container, "number": number, "octets": octets}
        self._store.write(lambda connection: connection.execute(insert(container_pieces).values(row)))

    def complete(self, container: bytes, name: bytes, size: int) -> None:
        """All *size* octets are there: it may be found by *name*, and nothing else by that."""
        self._store.write(lambda connection: completed(connection, container, name, size))

    def find(self, name: bytes, at: datetime) -> Container | None:
        """The container with this *name*, if it has not ended."""
        live = or_(containers.c.until.is_(None), containers.c.until > at)
        query = select(containers).where(containers.c.name == name, live)
        row = self._store.read(lambda connection: connection.execute(query).first())
        return Container(row.id, row.message, row.size, row.until) if row else None

    def prolong(self, name: bytes, until: datetime) -> None:
        """Have the container with this *name* end no earlier than *until*."""
        earlier = containers.c.until < until  # not so of one that ends with its message
        change = update(containers).where(containers.c.name == name, earlier).values(until=until)
        self._store.write(lambda connection: connection.execute(change))

    def pieces(self, container: Container) -> Iterator[bytes]:
        """Its octets.  One that is removed meanwhile ends early, which no reader takes for whole."""
        number = size = 0
        while size < container.size and (octets := self._piece(container.id, number)) is not None:
            yield octets
            number += 1
            size += len(octets)

    def spare(self, message: bytes, *, most: int) -> int:
        """Forget the oldest posts of *message* but *most*, not the copy for the link; how many."""
        others = (containers.c.message == message, containers.c.name != kept(message))
        query = select(containers.c.id).where(*others).order_by(containers.c.since.desc(), containers.c.id)

        def work(connection: Connection) -> int:
            old = list(connection.scalars(query))[most:]
            connection.execute(delete(containers).where(containers.c.id.in_(old)))
            return len(old)

        return self._store.write(work)

    def drop(self, container: bytes) -> None:
        """Forget one that was begun, and will never be complete."""
        gone = delete(containers).where(containers.c.id == container)
        self._store.write(lambda connection: connection.execute(gone))

    def remove(self, name: bytes) -> None:
        """Forget the container with this *name*."""
        gone = delete(containers).where(containers.c.name == name)
        self._store.write(lambda connection: connection.execute(gone))

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that have ended, were never completed, or have lost their message."""
        message = select(sealed_messages.c.id).where(sealed_messages.c.id == containers.c.message)
        reply = select(outbox.c.id).where(outbox.c.id == containers.c.message)
        old = containers.c.since <= at - _UNFINISHED
        lost = ~message.exists() & ~reply.exists()
        useless = or_(containers.c.until <= at, old & (containers.c.name.is_(None) | lost))
        query = select(containers.c.id).where(useless).limit(limit)

        def work(connection: Connection) -> int:
            found = list(connection.scalars(query))
            connection.execute(delete(containers).where(containers.c.id.in_(found)))
            return len(found)

        return self._store.write(work)

    def _piece(self, container: bytes, number: int) -> bytes | None:
        same = (container_pieces.c.container == container, container_pieces.c.number == number)
        query = select(container_pieces.c.octets).where(*same)
        return self._store.read(lambda connection: connection.scalar(query))
