"""What a sender asks for besides signing in: a passphrase that he has told, or a code to a telephone.

The store has a slow hash of the passphrase (scrypt), under a key that the database does not have, and the
number encrypted under another.  An attempt is counted before it is looked at; `TRIES` within an hour and
`DAILY` within a day are looked at for a message and address.  Only who has signed in as a recipient can try,
so who uses them up has his mailbox.  What was opened is so in one session, for one message.
"""

import hashlib
import hmac
import os
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Connection, delete, func, insert, select, update

from postseal.errors import Cause, Failure
from postseal.locks import comparable
from postseal.store.engine import Store
from postseal.store.passcode_limits import DAY
from postseal.store.schema_locks import unlockings
from postseal.store.sealed import Addressee, SealedMessage
from postseal.store.secret import Secret

TRIES: Final = 5
DAILY: Final = 20

_HOUR: Final = timedelta(hours=1)
_MANY: Final = 1000
_LOCK: Final = 0x706F7374_6C6F636B
"""The name of the advisory lock in PostgreSQL: "postlock"."""
_VERSION: Final = b"\x01"
_SALT, _NONCE = 16, 12
_WORK: Final = 15
"""scrypt: N = 2**15, r = 8, p = 1; 32 MiB of memory and about a tenth of a second."""
_HASHING: Final = threading.BoundedSemaphore(2)
"""Who guesses at the same time waits: memory is everybody's."""


class Kind(StrEnum):
    """What is asked for besides."""

    PASSPHRASE = "passphrase"  # noqa: S105 (the word, not one of them)
    NUMBER = "number"


class Turn(StrEnum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    LATER = "later"  # there were too many


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a passphrase.  *again*: when one is looked at again, where there were too many."""

    turn: Turn
    again: datetime | None = None


class Locks:
    """The verbs.  Each raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store, secret: Secret) -> None:
        self._store = store
        self._pepper = secret.derive("passphrase")
        self._hiding = secret.derive("telephone")

    def lock(self, message: bytes, passphrase: str) -> bytes:
        """What is noted of *passphrase*, which is in the form to compare, with the *message* of that id."""
        salt = os.urandom(_SALT)
        return _VERSION + salt + self._hash(message, passphrase, salt)

    def hidden(self, message: bytes, address: str, number: str) -> bytes:
        """What is noted of the telephone *number* of *address*."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._hiding).encrypt(nonce, number.encode(), message + address.encode())

    def number(self, message: SealedMessage, reader: Addressee) -> str:
        """The telephone that the sender has named for *reader*."""
        nonce, hidden = reader.number[:_NONCE], reader.number[_NONCE:]
        try:
            return AESGCM(self._hiding).decrypt(nonce, hidden, message.id + reader.address.encode()).decode()
        except (InvalidTag, ValueError):
            raise Failure(Cause.STORE, "a telephone number is not what was written") from None

    def closed(self, session: bytes, message: SealedMessage, reader: Addressee) -> tuple[Kind, ...]:
        """What *reader* has still to open in this *session*, in order."""
        asked = ((Kind.PASSPHRASE, message.lock), (Kind.NUMBER, reader.number))
        kinds = tuple(kind for kind, there in asked if there)
        if not kinds:
            return ()
        here = (unlockings.c.session == session, unlockings.c.message == message.id)
        query = select(unlockings.c.kind).where(
            *here, unlockings.c.right, unlockings.c.address == reader.address
        )
        opened = self._store.read(lambda connection: set(connection.scalars(query)))
        return tuple(kind for kind in kinds if kind.value not in opened)

    def tried(
        self, session: bytes, message: SealedMessage, reader: Addressee, typed: str, *, at: datetime
    ) -> Tried:
        """Whether *typed* is the passphrase of *message*; then it is open to *reader* in this *session*."""
        counted = self._counted(session, message, reader, at)
        if isinstance(counted, datetime):
            return Tried(Turn.LATER, counted)
        salt, right = message.lock[1 : 1 + _SALT], message.lock[1 + _SALT :]
        if message.lock[:1] != _VERSION or not hmac.compare_digest(
            self._hash(message.id, comparable(typed), salt), right
        ):
            return Tried(Turn.WRONG)
        note = update(unlockings).where(unlockings.c.id == counted).values(right=True)
        self._store.write(lambda connection: connection.execute(note))
        return Tried(Turn.RIGHT)

    def open(
        self,
        connection: Connection,
        session: bytes,
        message: bytes,
        address: str,
        kind: Kind,
        *,
        at: datetime,
    ) -> None:
        """From now on *message* is open to *address* in this *session*; a part of another's transaction."""
        row = _row(session, message, address, kind, at)
        connection.execute(insert(unlockings).values(row | {"right": True}))

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that no limit counts and no session has any more; how many."""
        some = select(unlockings.c.id).where(unlockings.c.since <= at - DAY).limit(limit)
        gone = delete(unlockings).where(unlockings.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _counted(
        self, session: bytes, message: SealedMessage, reader: Addressee, at: datetime
    ) -> bytes | datetime:
        """The id of this try, or when there can be another."""
        id_ = secrets.token_bytes(16)
        row = _row(session, message.id, reader.address, Kind.PASSPHRASE, at) | {"id": id_}
        mine = (
            unlockings.c.message == message.id,
            unlockings.c.address == reader.address,
            unlockings.c.kind == Kind.PASSPHRASE.value,
            unlockings.c.right.is_(False),
        )

        def work(connection: Connection) -> bytes | datetime:
            if connection.dialect.name == "postgresql":  # what is counted must still hold when it is written
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            for most, span in ((TRIES, _HOUR), (DAILY, DAY)):
                recent = select(func.count(), func.min(unlockings.c.since))
                count, first = connection.execute(recent.where(*mine, unlockings.c.since > at - span)).one()
                if count >= most:
                    again: datetime = first + span
                    return again
            connection.execute(insert(unlockings).values(row))
            return id_

        return self._store.write(work)

    def _hash(self, message: bytes, passphrase: str, salt: bytes) -> bytes:
        with _HASHING:
            slow = Scrypt(salt=salt, length=32, n=1 << _WORK, r=8, p=1).derive(passphrase.encode())
        return hmac.new(self._pepper, b"postseal v1 passphrase" + message + slow, hashlib.sha256).digest()


def _row(session: bytes, message: bytes, address: str, kind: Kind, at: datetime) -> dict[str, object]:
    whose = {"session": session, "message": message, "address": address, "kind": kind.value}
    return {"id": secrets.token_bytes(16), **whose, "right": False, "since": at}
