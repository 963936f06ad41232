"""Passcodes: eight digits that prove, within minutes and one browser, who reads a mailbox.

A code is bound to its browser session, its message and its address; it is good once, for `LIFE`, and for
`TRIES` guesses, each counted and committed before the answer.  The store has an HMAC of it only, under a key
that the database does not have.

Whoever asks for an address that is no recipient gets the same work and the same answer, and a code that
nobody is sent: `Issued.code` is None then, and no guess is right.  Limits are counted from the rows, so
they hold across processes and hosts; what is refused is not counted.

Limits across messages count only codes that could have reached somebody: otherwise anybody with a message of
his own could keep everybody else from reading.  Nobody is told that an address has had its share, as that
would tell strangers which messages it may read: there is no code then, as for an unknown address.
"""

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema_sealed import passcodes, sealed_recipients

DIGITS: Final = 8
LIFE: Final = timedelta(minutes=10)
TRIES: Final = 5

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which are read as digits
_MANY: Final = 1000
_LOCK: Final = 0x706F7374_636F6465
"""The name of the advisory lock in PostgreSQL: "postcode"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many codes may be asked for before the answer is `Limited`.

    For one message and address by hour and day; for one network by hour; for all by hour.  *address* and
    *misses*: codes, and wrong guesses, by day for one address and all messages that it may read, before
    no more is sent.
    """

    hourly: int = 3
    daily: int = 8
    network: int = 20
    everybody: int = 3600
    address: int = 30
    misses: int = 100


@dataclass(frozen=True, slots=True)
class Issued:
    """A code was made.  *code*: to be mailed; None if there is nobody to mail it to, or he had too many.

    *reference*: four letters that stand on the page and in the mail.  *until*: when the code ends.
    """

    code: str | None = field(repr=False)
    reference: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code was asked for and can still be typed, whether or not it was sent."""

    address: str
    reference: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Limited:
    """No code is made now.  *limit*: the name of the field of `Limits`.  *again*: when to ask again."""

    limit: str
    again: datetime


class Answer(StrEnum):
    """What became of a guess."""

    RIGHT = "right"
    WRONG = "wrong"
    SPENT = "spent"  # used, ended, guessed too often, or never asked for: a new code is needed


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
            if limited := self._limited(connection, message, address, network=network, at=at):
                return limited
            connection.execute(update(passcodes).where(*mine, passcodes.c.until > at).values(until=at))
            good = not self._flooded(connection, address, at) and known
            connection.execute(insert(passcodes).values(row | {"mac": right if good else none}))
            return Issued(code if good else None, _reference(id_), at + LIFE)

        return self._store.write(work)

    def redeem(self, session: bytes, message: bytes, address: str, code: str, *, at: datetime) -> Answer:
        """Whether *code* is the one that was made last for this session, message and address.

        A guess is counted before it is looked at: of any number at once, `TRIES` are answered.
        """
        typed = "".join(code.split()).replace("-", "")
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
            return Answer.RIGHT

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
        some = select(passcodes.c.id).where(passcodes.c.since <= at - _DAY).limit(limit)
        gone = delete(passcodes).where(passcodes.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _limited(
        self, connection: Connection, message: bytes, address: str, *, network: str, at: datetime
    ) -> Limited | None:
        limits = self._limits
        here = (passcodes.c.message == message, passcodes.c.address == address)
        rules: tuple[tuple[str, int, timedelta, tuple[ColumnElement[bool], ...]], ...] = (
            ("hourly", limits.hourly, _HOUR, here),
            ("daily", limits.daily, _DAY, here),
            ("network", limits.network, _HOUR, (passcodes.c.network == network,)),
            ("everybody", limits.everybody, _HOUR, (_readable(),)),
        )
        for name, most, span, which in rules:
            query = select(func.count(), func.min(passcodes.c.since)).where(
                *which, passcodes.c.since > at - span
            )
            count, first = connection.execute(query).one()
            if count >= most:
                return Limited(name, first + span)
        return None

    def _flooded(self, connection: Connection, address: str, at: datetime) -> bool:
        """Whether *address* has had its share of codes, or somebody has guessed too often at them."""
        missed = passcodes.c.tries - case((passcodes.c.used.is_(None), 0), else_=1)
        query = select(func.count(), func.sum(missed)).where(
            passcodes.c.address == address,
            passcodes.c.since > at - _DAY,
            _readable(),
        )
        count, misses = connection.execute(query).one()
        return count >= self._limits.address or (misses or 0) >= self._limits.misses

    def _mac(self, id_: bytes, session: bytes, message: bytes, address: str, code: str) -> bytes:
        parts = (id_, session, message, address.encode("utf-8"), code.encode("utf-8", "replace"))
        framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.new(self._key, b"postseal v1 passcode" + framed, hashlib.sha256).digest()


def network_of(client: str) -> str:
    """The network that the address *client* counts for: /24, or /64; "" if it is no address."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24), strict=False))


def _mine(session: bytes, message: bytes, address: str) -> tuple[ColumnElement[bool], ...]:
    return (
        passcodes.c.session == session,
        passcodes.c.message == message,
        passcodes.c.address == address,
    )


def _readable() -> ColumnElement[bool]:
    """Whether a code could have been mailed: its address may read its message."""
    same = (
        sealed_recipients.c.message == passcodes.c.message,
        sealed_recipients.c.address == passcodes.c.address,
    )
    return select(sealed_recipients.c.message).where(*same).exists()


def _good(at: datetime) -> tuple[ColumnElement[bool], ...]:
    return passcodes.c.tries < TRIES, passcodes.c.used.is_(None), passcodes.c.until > at


def _reference(id_: bytes) -> str:
    digest = hashlib.sha256(b"postseal reference\0" + id_).digest()
    return "".join(_LETTERS[octet % len(_LETTERS)] for octet in digest[:4])
