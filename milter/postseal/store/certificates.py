"""Certificates of others: kept, looked up by address, pinned, and never replaced in silence.

What is harvested from mail is pinned at first sight.  Another certificate for the same address waits as
*pending* until the administrator approves it, unless it certifies the key that is pinned, or the rules
accept it from the issuer of the pinned one.  What was asked of a directory or of the DNS is theirs, and
replaced by their next answer.  Whether a certificate is good is not judged here.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from postseal.settings.smime import KeyChange
from postseal.store.engine import Store
from postseal.store.kept import ISSUERS, Kept, New, Origin, Outcome, Said, Word
from postseal.store.schema import ADDRESS_CHARACTERS, certificate_addresses, certificates, lookups

T = TypeVar("T")
_Row = Row[tuple[bytes, bytes, str, str, str, str, bool, datetime]]

_MANY: Final = 1000
_LOCK: Final = 0x63657274_69666965
"""The name of the advisory lock in PostgreSQL: "certifie"."""


class Certificates:
    """The verbs, each one transaction; each raises Failure if the store cannot carry it out."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, new: New, addresses: Collection[str], *, at: datetime, word: Word = Word.NOTHING) -> None:
        """Keep *new* as imported for *addresses*, in the form to compare; *word* replaces what was said."""

        def work(connection: Connection) -> None:
            _keep(connection, new, at)
            if word:
                _say(connection, new.fingerprint, word)
            for address in _checked(addresses):
                _unlink(connection, address, new.fingerprint)
                _link(connection, address, new.fingerprint, Origin.IMPORTED, at=at)

        self._write(work)

    def harvest(
        self,
        new: New,
        addresses: Collection[str],
        *,
        at: datetime,
        rule: KeyChange,
        issuers: Sequence[New] = (),
        said: Said | None = None,
    ) -> dict[str, Outcome]:
        """Keep *new*, which came with mail of one of *addresses* and was judged good; what became of it.

        *issuers*: those between it and the anchor, to find its path again.  *said*: what its owner reads.
        """

        def work(connection: Connection) -> dict[str, Outcome]:
            _keep(connection, new, at)
            if said:
                _hear(connection, new.fingerprint, said)
            for issuer in issuers:
                _keep(connection, issuer, at)
                if not _linked(connection, ISSUERS, issuer.fingerprint):
                    _link(connection, ISSUERS, issuer.fingerprint, Origin.HARVESTED, at=at)
            outcomes = {}
            for address in _checked(addresses):
                outcome = _harvested(connection, new, address, rule)
                outcomes[address] = outcome
                if outcome is not Outcome.KNOWN:
                    pending = outcome is Outcome.PENDING
                    _unlink(connection, address, new.fingerprint)
                    _link(connection, address, new.fingerprint, Origin.HARVESTED, at=at, pending=pending)
            return outcomes

        return self._write(work)

    def found(
        self, origin: Origin, address: str, news: Sequence[New], *, at: datetime, until: datetime
    ) -> None:
        """Note what *origin* answered about *address*; it replaces the last one, and counts *until* then."""

        def work(connection: Connection) -> None:
            (name,) = _checked([address])
            links = certificate_addresses
            connection.execute(delete(links).where(links.c.address == name, links.c.origin == origin.value))
            connection.execute(
                delete(lookups).where(lookups.c.address == name, lookups.c.origin == origin.value)
            )
            connection.execute(insert(lookups).values(origin=origin.value, address=name, until=until))
            for new in news:
                _keep(connection, new, at)
                if not _linked(connection, name, new.fingerprint):
                    _link(connection, name, new.fingerprint, origin, at=at)

        self._write(work)

    def asked(self, address: str, at: datetime) -> frozenset[Origin]:
        """Who has answered about *address*, with an answer that counts at the time *at*."""
        query = select(lookups.c.origin).where(lookups.c.address == address, lookups.c.until > at)
        return self._store.read(
            lambda connection: frozenset(Origin(origin) for origin in connection.scalars(query))
        )

    def of(self, address: str) -> tuple[Kept, ...]:
        """All that is kept for *address*, in the form to compare; the pending too."""
        query = _KEPT.where(certificate_addresses.c.address == address)
        return self._store.read(lambda connection: _read(connection.execute(query)))

    def every(self, *, after: str = "", limit: int = _MANY) -> tuple[Kept, ...]:
        """What is kept for addresses behind *after* in the alphabet, address by address, at most *limit*."""
        links = certificate_addresses
        query = _KEPT.where(links.c.address > after).order_by(links.c.address, links.c.fingerprint)
        return self._store.read(lambda connection: _read(connection.execute(query.limit(limit))))

    def alike(self, prefix: str) -> tuple[Kept, ...]:
        """The certificates whose fingerprint begins with the hexadecimal *prefix*, once for each address.

        One that is used for nobody is there too, with the address "".
        """

        def work(connection: Connection) -> tuple[Kept, ...]:
            low = bytes.fromhex(prefix + "0" * (64 - len(prefix)))
            high = bytes.fromhex(prefix + "f" * (64 - len(prefix)))
            within = certificates.c.fingerprint.between(low, high)
            found = _read(connection.execute(_KEPT.where(within)))
            known = {kept.fingerprint for kept in found}
            alone = connection.execute(select(certificates).where(within))
            rest = [
                _row(row, address="", origin=Origin.IMPORTED, pending=False)
                for row in alone
                if row.fingerprint not in known
            ]
            return (*found, *rest)

        return self._store.read(work)

    def distrusted(self) -> frozenset[bytes]:
        """The fingerprints of those never to be believed."""
        query = select(certificates.c.fingerprint).where(certificates.c.word == Word.DISTRUSTED.value)
        return self._store.read(lambda connection: frozenset(connection.scalars(query)))

    def say(self, fingerprint: bytes, word: Word) -> None:
        """Note what the administrator says of a certificate."""
        self._store.write(lambda connection: _say(connection, fingerprint, word))

    def approve(self, address: str, fingerprint: bytes) -> bool:
        """Use a pending certificate, and what was pinned before no more; whether there was one."""
        links = certificate_addresses

        def work(connection: Connection) -> bool:
            here = (links.c.address == address, links.c.fingerprint == fingerprint, links.c.pending)
            if not connection.execute(update(links).where(*here).values(pending=False)).rowcount:
                return False
            others = (links.c.address == address, links.c.fingerprint != fingerprint, ~links.c.pending)
            harvested = links.c.origin == Origin.HARVESTED.value
            connection.execute(delete(links).where(*others, harvested))
            return True

        return self._write(work)

    def remove(self, fingerprint: bytes) -> bool:
        """Forget a certificate and whom it was for; whether it was there."""
        query = delete(certificates).where(certificates.c.fingerprint == fingerprint)
        return self._store.write(lambda connection: bool(connection.execute(query).rowcount))

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* answers that ended before *at*, and what came by them alone; how many."""
        links = certificate_addresses

        def work(connection: Connection) -> int:
            query = select(lookups).where(lookups.c.until <= at).order_by(lookups.c.until).limit(limit)
            ended = connection.execute(query).all()
            for row in ended:
                same = (links.c.address == row.address, links.c.origin == row.origin)
                connection.execute(delete(links).where(*same))
                connection.execute(
                    delete(lookups).where(lookups.c.address == row.address, lookups.c.origin == row.origin)
                )
            used = select(links.c.fingerprint).where(links.c.fingerprint == certificates.c.fingerprint)
            unused = ~used.exists() & (certificates.c.word == "") & (certificates.c.since <= at)
            connection.execute(delete(certificates).where(unused))
            return len(ended)

        return self._write(work)

    def count(self) -> dict[str, int]:
        """How many are in use by origin, and how many are `pending`."""
        links = certificate_addresses
        query = select(links.c.origin, links.c.pending, func.count()).group_by(
            links.c.origin, links.c.pending
        )
        counted = dict.fromkeys((*(origin.value for origin in Origin), "pending"), 0)
        for origin, pending, number in self._store.read(lambda connection: connection.execute(query).all()):
            counted["pending" if pending else origin] += number
        return counted

    def _write(self, work: Callable[[Connection], T]) -> T:
        """Do *work* while nobody else does its like: what is read here must still hold when it is written."""

        def alone(connection: Connection) -> T:
            if connection.dialect.name == "postgresql":  # SQLite has one writer at a time anyway
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            return work(connection)

        return self._store.write(alone)


_KEPT: Final = select(
    certificates.c.fingerprint,
    certificates.c.octets,
    certificates.c.word,
    certificates.c.capabilities,
    certificate_addresses.c.address,
    certificate_addresses.c.origin,
    certificate_addresses.c.pending,
    certificate_addresses.c.since,
).join_from(certificates, certificate_addresses)


def _read(rows: Iterable[_Row]) -> tuple[Kept, ...]:
    return tuple(
        _row(row, address=row.address, origin=Origin(row.origin), pending=row.pending) for row in rows
    )


def _row(row: _Row, *, address: str, origin: Origin, pending: bool) -> Kept:
    said = frozenset(row.capabilities.split())
    return Kept(row.fingerprint, row.octets, Word(row.word), address, origin, pending, row.since, said)


def _checked(addresses: Iterable[str]) -> list[str]:
    """Those that can be kept, in one order for all: two who write in different orders wait for each other."""
    return sorted({address for address in addresses if 0 < len(address) <= ADDRESS_CHARACTERS})


def _keep(connection: Connection, new: New, at: datetime) -> None:
    known = select(certificates.c.fingerprint).where(certificates.c.fingerprint == new.fingerprint)
    if connection.execute(known).first() is None:
        row = {"octets": new.octets, "key": new.key, "issuer": new.issuer, "ends": new.ends}
        statement = insert(certificates).values(fingerprint=new.fingerprint, word="", since=at, **row)
        connection.execute(statement)


def _say(connection: Connection, fingerprint: bytes, word: Word) -> None:
    here = certificates.c.fingerprint == fingerprint
    connection.execute(update(certificates).where(here).values(word=word.value))


def _hear(connection: Connection, fingerprint: bytes, said: Said) -> None:
    """Note what its owner said, unless he has said something later; old mail may come again at any time."""
    earlier = or_(certificates.c.capable.is_(None), certificates.c.capable < said.at)
    statement = update(certificates).where(certificates.c.fingerprint == fingerprint, earlier)
    connection.execute(statement.values(capabilities=" ".join(sorted(said.words)), capable=said.at))


def _linked(connection: Connection, address: str, fingerprint: bytes) -> bool:
    links = certificate_addresses
    query = select(links.c.address).where(links.c.address == address, links.c.fingerprint == fingerprint)
    return connection.execute(query).first() is not None


def _link(
    connection: Connection,
    address: str,
    fingerprint: bytes,
    origin: Origin,
    *,
    at: datetime,
    pending: bool = False,
) -> None:
    row = {"address": address, "fingerprint": fingerprint, "origin": origin.value}
    connection.execute(insert(certificate_addresses).values(pending=pending, since=at, **row))


def _unlink(connection: Connection, address: str, fingerprint: bytes) -> None:
    links = certificate_addresses
    here = (links.c.address == address, links.c.fingerprint == fingerprint)
    connection.execute(delete(links).where(*here))


def _harvested(connection: Connection, new: New, address: str, rule: KeyChange) -> Outcome:
    links, mine = certificate_addresses, (Origin.IMPORTED.value, Origin.HARVESTED.value)
    query = (
        select(links.c.fingerprint, links.c.pending, certificates.c.key, certificates.c.issuer)
        .join_from(links, certificates)
        .where(links.c.address == address, links.c.origin.in_(mine))
    )
    rows = connection.execute(query).all()
    if any(row.fingerprint == new.fingerprint for row in rows):
        return Outcome.KNOWN
    pinned = [row for row in rows if not row.pending]
    if not pinned:
        return Outcome.PENDING if rows else Outcome.PINNED
    same_issuer = rule is KeyChange.SAME_ISSUER and any(row.issuer == new.issuer for row in pinned)
    return Outcome.RENEWED if same_issuer or any(row.key == new.key for row in pinned) else Outcome.PENDING
