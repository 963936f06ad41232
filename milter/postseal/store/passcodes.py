"""Passcodes: eight digits that prove, within minutes and one browser, who reads a mailbox.

A code is bound to its browser session, its message and its address; it is good once, for `LIFE`, and for
`TRIES` guesses, each counted and committed before the answer.  The store has an HMAC of it only, under a key
that the database does not have.

Whoever presses a button twice sends the code twice: for `AGAIN` after it was used it is known again, in the
same browser, and opens nothing that it has not opened.

Whoever asks for an address that is no recipient gets the same work and the same answer, and a code that
nobody is sent: `Issued.code` is None then, and no guess is right.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from postseal.store.engine import Store
from postseal.store.passcode_limits import DAY, Limited, Limits, flooded, limited
from postseal.store.schema_sealed import passcodes

DIGITS: Final = 8
LIFE: Final = timedelta(minutes=10)
TRIES: Final = 5
AGAIN: Final = timedelta(seconds=30)
"""How long after a code was used its repetition is known."""

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which are read as digits
_MANY: Final = 1000
_LOCK: Final = 0x706F7374_636F6465
"""The name of the advisory lock in PostgreSQL: "postcode"."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A code was made.  *code*: to be mailed; None if there is nobody to mail it to, or he had too many.

    *reference*: four letters that stand on the page and in the mail.  *until*: when the code ends.  *id*: of
    the row, for `grant`.
    """

    code: str | None = field(repr=False)
    reference: str
    until: datetime
    id: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code was asked for and can still be typed, whether or not it was sent."""

    address: str
    reference: str
    until: datetime


class Answer(StrEnum):
    """What became of a guess."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"  # used, ended, guessed too often, or never asked for: a new code is needed


def _nothing(_: Connection) -> None:
    """Do nothing more."""


class Passcodes:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *key*: the 32 octets of `Secret.derive("passcode")`.  Addresses are in the form to compare.
    """

    def __init__(self, store: Store, key: bytes, *, limits: Limits | None = None) -> None:
        self._store = store
        self._key = key
        self._limits = limits or Limits()

    def request(
        self, session: bytes, message: bytes, address: str, *, network: str, known: bool, at: datetime
    ) -> Issued | Limited:
        """Make a code for *address* to open *message* in this browser *session*, whose last one ends.

        *network*: `network_of` the client.  *known*: whether *address* may read *message*.
        """
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        id_ = secrets.token_bytes(16)
        right, none = self._mac(id_, session, message, address, code), secrets.token_bytes(32)
        whose = {"id": id_, "session": session, "message": message, "address": address, "network": network}
        row = {**whose, "tries": 0, "since": at, "until": at + LIFE, "used": None}
        mine = _mine(session, message, address)

        def work(connection: Connection) -> Issued | Limited:
            if connection.dialect.name == "postgresql":  # what is counted must still hold when it is written
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            if refused := limited(connection, self._limits, message, address, network=network, at=at):
                return refused
            connection.execute(update(passcodes).where(*mine, passcodes.c.until > at).values(until=at))
            good = not flooded(connection, self._limits, address, at) and known
            connection.execute(insert(passcodes).values(row | {"mac": right if good else none}))
            return Issued(code if good else None, _reference(id_), at + LIFE, id_)

        return self._store.write(work)

    def grant(self, issued: Issued, session: bytes, message: bytes, address: str, *, at: datetime) -> Issued:
        """*issued*, which is for nobody, with a code after all: *address* has been found to be a reader.

        Until then no guess at it is right.  There is none if he had too many, or it has ended.
        """
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        mac = self._mac(issued.id, session, message, address, code)
        change = update(passcodes).where(passcodes.c.id == issued.id, *_good(at)).values(mac=mac)

        def work(connection: Connection) -> bool:
            spent = flooded(connection, self._limits, address, at)
            return not spent and bool(connection.execute(change).rowcount)

        return replace(issued, code=code if self._store.write(work) else None)

    def redeem(
        self,
        session: bytes,
        message: bytes,
        address: str,
        code: str,
        *,
        at: datetime,
        then: Callable[[Connection], None] = _nothing,
    ) -> Answer:
        """Whether *code* is the one that was made last for this session, message and address.

        A guess is counted before it is looked at: of any number at once, `TRIES` are answered.
        *then*: what is done in the same transaction if it is, so that no code is used up for nothing.
        """
        typed = _typed(code)
        last = (
            select(passcodes.c.id)
            .where(*_mine(session, message, address), *_good(at))  # there is one: a new code ends the last
            .order_by(passcodes.c.since.desc())
            .limit(1)
            .scalar_subquery()
        )
        guess = (
            update(passcodes)
            .where(passcodes.c.id == last, *_good(at))
            .values(tries=passcodes.c.tries + 1)
            .returning(passcodes.c.id, passcodes.c.mac)
        )

        def work(connection: Connection) -> Answer:
            found = connection.execute(guess).first()
            if found is None:
                return Answer.SPENT
            mac = self._mac(found.id, session, message, address, typed)
            if not hmac.compare_digest(mac, found.mac):
                return Answer.WRONG
            connection.execute(update(passcodes).where(passcodes.c.id == found.id).values(used=at))
            then(connection)
            return Answer.RIGHT

        return self._store.write(work)

    def repeated(self, session: bytes, message: bytes, code: str, *, at: datetime) -> str:
        """The address for which this *code* was right a moment ago, in this session; "" if it was not.

        A wrong guess at it is counted as any, so there are no more guesses than before.
        """
        typed = _typed(code)
        here = (passcodes.c.session == session, passcodes.c.message == message)
        recent = (passcodes.c.used > at - AGAIN, passcodes.c.tries <= TRIES)  # the right one was a try, too
        last = (
            select(passcodes.c.id)
            .where(*here, *recent)
            .order_by(passcodes.c.since.desc())
            .limit(1)
            .scalar_subquery()
        )
        guess = (
            update(passcodes)
            .where(passcodes.c.id == last, *recent)
            .values(tries=passcodes.c.tries + 1)
            .returning(passcodes.c.id, passcodes.c.mac, passcodes.c.address, passcodes.c.tries)
        )

        def work(connection: Connection) -> str:
            found = connection.execute(guess).first()
            if found is None:
                return ""
            mac = self._mac(found.id, session, message, found.address, typed)
            if not hmac.compare_digest(mac, found.mac):
                return ""
            same = update(passcodes).where(passcodes.c.id == found.id).values(tries=found.tries - 1)
            connection.execute(same)
            return str(found.address)

        return self._store.write(work)

    def waiting(self, session: bytes, message: bytes, *, at: datetime) -> Waiting | None:
        """The code that this browser waits for, None if there is none."""
        here = (passcodes.c.session == session, passcodes.c.message == message, *_good(at))
        query = select(passcodes.c.id, passcodes.c.address, passcodes.c.until).where(*here)
        query = query.order_by(passcodes.c.since.desc()).limit(1)
        found = self._store.read(lambda connection: connection.execute(query).first())
        return Waiting(found.address, _reference(found.id), found.until) if found else None

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that no limit counts any more; how many."""
        some = select(passcodes.c.id).where(passcodes.c.since <= at - DAY).limit(limit)
        gone = delete(passcodes).where(passcodes.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _mac(self, id_: bytes, session: bytes, message: bytes, address: str, code: str) -> bytes:
        parts = (id_, session, message, address.encode("utf-8"), code.encode("utf-8", "replace"))
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._key, b"postseal v1 passcode" + framed, hashlib.sha256).digest()


def _typed(code: str) -> str:
    return "".join(code.split()).replace("-", "")


def _mine(session: bytes, message: bytes, address: str) -> tuple[ColumnElement[bool], ...]:
    return (
        passcodes.c.session == session,
        passcodes.c.message == message,
        passcodes.c.address == address,
    )


def _good(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return passcodes.c.tries < TRIES, passcodes.c.used.is_(None), passcodes.c.until > at


def _reference(id_: bytes) -> str:
    digest = hashlib.sha256(b"postseal reference\0" + id_).digest()
    return "".join(_LETTERS[octet % len(_LETTERS)] for octet in digest[:4])
