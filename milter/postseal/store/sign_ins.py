"""Sign-ins that were begun and must end in the same browser: somebody is away at a provider.

Whoever comes back shows the state that only his browser was given.  It is good once, for `LIFE`, in the
session, for the message and with the method for which it was made; anything else that a browser shows spoils
what it had begun.  The store has a hash of it; the other secrets of a sign-in come from it under a key that
the database does not have, so a copy of the database finishes nobody's sign-in.

Limits are counted from the rows, so they hold across processes and hosts.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, func, insert, select, update

from postseal.store.engine import Store
from postseal.store.schema_sealed import sign_ins

LIFE: Final = timedelta(minutes=10)
_COUNTED: Final = timedelta(hours=1)
_MANY: Final = 1000
_LOCK: Final = 0x706F7374_7369676E
"""The name of the advisory lock in PostgreSQL: "postsign"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many sign-ins may be begun within an hour, in one browser and from one network."""

    session: int = 20
    network: int = 100


@dataclass(frozen=True, slots=True)
class Begun:
    """*state*: for the browser; *nonce*, *verifier*: derived from it, 43 characters each."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """A sign-in that may go on: the message it is for, where on the portal it began, its secrets."""

    message: bytes
    back: str = field(repr=False)
    begun: Begun


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Nothing goes on: the messages whose sign-ins were under way in this browser."""

    messages: tuple[bytes, ...]


class SignIns:
    """The verbs.  Each is one transaction, and raises Failure if the store cannot carry it out.

    *key*: the 32 octets of `Secret.derive("sign-in")`.
    """

    def __init__(self, store: Store, key: bytes, *, limits: Limits | None = None) -> None:
        self._store = store
        self._key = key
        self._limits = limits or Limits()

    def begin(
        self, session: bytes, message: bytes, method: str, *, back: str, network: str, at: datetime
    ) -> Begun | None:
        """Begin to sign in by *method* to read *message*; None if there were too many within the hour.

        *back*: the page to go back to.  *network*: `network_of` the client.
        """
        begun = self._begun(secrets.token_urlsafe(32))
        id_ = _id(begun.state)
        sealed = self._sealing(begun.state).encrypt(_NONCE, back.encode("utf-8"), id_)
        whose = {"id": id_, "session": session, "message": message, "method": method, "network": network}
        row = {**whose, "back": sealed, "since": at, "until": at + LIFE, "used": None}

        return begun if self._added(row) else None

    def offer(self, browser: bytes, message: bytes, method: str, *, at: datetime) -> Begun:
        """What a page offers that is only looked at: nothing is noted of it.  *browser*: who looks."""
        since = f"{int(at.timestamp())}.{secrets.token_urlsafe(16)}"
        return self._begun(f"{since}.{self._offered(since, browser, message, method)}")

    def accept(
        self, state: str, browser: bytes, message: bytes, method: str, *, network: str, at: datetime
    ) -> Begun | None:
        """Take up what was offered with *state*, once; None if it was not, or there were too many."""
        since, _, mac = state.rpartition(".")
        right = self._offered(since, browser, message, method)
        if not hmac.compare_digest(right.encode(), mac.encode("utf-8", "replace")):
            return None
        begun = datetime.fromtimestamp(int(since.partition(".")[0]), UTC)
        if not begun <= at < begun + LIFE:
            return None
        whose = {"id": _id(state), "session": browser, "message": message, "method": method}
        row = {**whose, "network": network, "back": b"", "since": at, "until": at, "used": at}
        return self._begun(state) if self._added(row) else None

    def finish(self, state: str, session: bytes, method: str, *, at: datetime) -> Finished | Spoilt:
        """Take up the sign-in of *state*, once, if it was begun in this *session* and by this *method*."""
        open_ = (sign_ins.c.session == session, sign_ins.c.used.is_(None), sign_ins.c.until > at)
        this = (sign_ins.c.id == _id(state), sign_ins.c.method == method, *open_)
        take = update(sign_ins).where(*this).values(used=at).returning(sign_ins.c.message, sign_ins.c.back)
        spoil = update(sign_ins).where(*open_).values(used=at).returning(sign_ins.c.message)

        def work(connection: Connection) -> tuple[bytes, bytes] | Spoilt:
            if found := connection.execute(take).first():
                return found.message, found.back
            return Spoilt(tuple(sorted(set(connection.scalars(spoil)))))

        found = self._store.write(work)
        if isinstance(found, Spoilt):
            return found
        message, sealed = found
        try:
            back = self._sealing(state).decrypt(_NONCE, sealed, _id(state)).decode("utf-8")
        except InvalidTag:  # somebody has changed the row
            return Spoilt((message,))
        return Finished(message, back, self._begun(state))

    def _added(self, row: Mapping[str, object]) -> bool:
        """Note *row*, unless it is there or there were too many within the hour; whether it was done."""
        at = row["since"]
        assert isinstance(at, datetime)  # noqa: S101 (for the type checker)

        def work(connection: Connection) -> bool:
            if connection.dialect.name == "postgresql":  # what is counted must still hold when it is written
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            for column, most in (
                (sign_ins.c.id, 1),
                (sign_ins.c.session, self._limits.session),
                (sign_ins.c.network, self._limits.network),
            ):
                same = column == row[column.name]
                recent = select(func.count()).where(same, sign_ins.c.since > at - _COUNTED)
                if (connection.scalar(recent) or 0) >= most:
                    return False
            connection.execute(insert(sign_ins).values(row))
            return True

        return self._store.write(work)

    def _offered(self, since: str, browser: bytes, message: bytes, method: str) -> str:
        return _text(self._derived("offer", f"{since}\0{browser.hex()}\0{message.hex()}\0{method}"))

    def tidy(self, at: datetime, *, limit: int = _MANY) -> int:
        """Forget at most *limit* that no limit counts any more; how many."""
        some = select(sign_ins.c.id).where(sign_ins.c.since <= at - _COUNTED).limit(limit)
        gone = delete(sign_ins).where(sign_ins.c.id.in_(some))
        return self._store.write(lambda connection: connection.execute(gone).rowcount)

    def _begun(self, state: str) -> Begun:
        return Begun(state, _text(self._derived("nonce", state)), _text(self._derived("verifier", state)))

    def _sealing(self, state: str) -> AESGCM:
        return AESGCM(self._derived("back", state))

    def _derived(self, label: str, state: str) -> bytes:
        return hmac.new(self._key, f"{label}\0{state}".encode("utf-8", "replace"), hashlib.sha256).digest()


_NONCE: Final = bytes(12)
"""Each key of `_sealing` is of one state, and seals once."""


def _id(state: str) -> bytes:
    return hashlib.sha256(b"postseal sign-in\0" + state.encode("utf-8", "replace")).digest()


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
