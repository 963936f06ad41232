"""The database that all workers share, on this host or on several: SQLite, or PostgreSQL.

A `Store` promises that an answer comes within its timeout, whatever became of the database: a server
that hangs, a disk that is full, a lock that is not given up.  Every such end is `Failure` with
`Cause.STORE`, and the next call tries anew; nobody has to open another `Store` after an outage.  What
was committed is on disk, so a loss of power does not undo it.

After a `Failure` a transaction may still have been committed: the answer can be lost on the way, and
one that is late is abandoned, not undone.  The verbs of this room are made for that.

A `Store` is opened after the fork, and connects when it is first used.  Neither the data source
name nor the values of a statement are ever part of an error or a line of the log.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from postseal.errors import BadInput, Cause, Failure, Place, Problem

T = TypeVar("T")

_CONNECTIONS: Final = {"sqlite": 1, "postgresql": 4}
"""SQLite has one writer at a time, and waiting for each other in here is fairer than in its busy handler."""

_INNER: Final = 0.8
"""The share of the timeout after which the database itself gives up, so that it is it who says why."""


_LOG_OCTETS: Final = 4 << 20
"""How long SQLite lets its write-ahead log become before commits move it over (1000 pages)."""

_SHORTEN_MILLISECONDS: Final = 250


class Store:
    """The database *dsn*; every transaction ends within *timeout* seconds.  Threads may share it.

    Raises BadInput if the data source name cannot be used.
    """

    def __init__(self, dsn: str, *, timeout: float) -> None:
        url = parse(dsn)
        kind = url.get_backend_name()
        self._timeout = timeout
        self._slots = threading.BoundedSemaphore(_CONNECTIONS[kind])
        self._engine = (_sqlite if kind == "sqlite" else _postgresql)(url, timeout)
        self._file = url.database if kind == "sqlite" else None
        self._process = os.getpid()

    def write(self, work: Callable[[Connection], T]) -> T:
        """What *work* returns, after all that it did is committed, or nothing of it.  Raises Failure."""
        return self._run(work, writing=True)

    def read(self, work: Callable[[Connection], T]) -> T:
        """What *work*, which only reads, returns.  Raises Failure."""
        return self._run(work, writing=False)

    def scrub(self, table: str) -> bool:
        """Overwrite what rows deleted from *table* have left in the files; whether that went to the end.

        SQLite overwrites at once (secure_delete) but in the file of the log first; that is moved over and
        cut off here, unless somebody reads an older state just now.  PostgreSQL leaves all that to VACUUM.
        """

        def work(connection: Connection) -> bool:
            if connection.dialect.name == "sqlite":
                busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
                return not busy
            # VACUUM alone leaves the octets in the space it frees; FULL writes the table anew.
            connection.exec_driver_sql(f"VACUUM (FULL) {table}")
            return True

        return self._run(work, autocommit=True)

    def shorten(self) -> None:
        """Empty SQLite's write-ahead log if it has grown beyond what commits keep it to.  Raises Failure.

        Commits move it over only while nobody reads; where somebody always does, or was stopped for a while,
        it grows, until it is the log that fills the disk, and then nothing can be moved over any more.
        Whoever is in the way is waited for briefly: nobody can write meanwhile.
        """
        log = Path(f"{self._file}-wal")
        if not self._file or not log.exists() or log.stat().st_size <= _LOG_OCTETS:
            return

        def work(connection: Connection) -> None:
            patience = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_SHORTEN_MILLISECONDS}")
            try:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
            finally:
                connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")

        self._run(work, autocommit=True)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._engine.dispose()

    def _run(self, work: Callable[[Connection], T], *, writing: bool = False, autocommit: bool = False) -> T:
        """Do *work* in a thread of its own: nothing else bounds every wait of a driver.

        A resolver, a disk or a server that is stopped can hold a thread for long.  Such a thread
        keeps its slot, so there are never more of them than connections, and the rest fail in time.
        After any other end than that, it is gone: whoever asked may fork.
        """
        if os.getpid() != self._process:
            raise RuntimeError("a store is opened after the fork")
        deadline = time.monotonic() + self._timeout
        if not self._slots.acquire(timeout=self._timeout):
            raise Failure(Cause.STORE, f"no connection was free for {self._timeout:g} s")
        answer: Future[T] = Future()

        def act() -> None:
            try:
                if autocommit:
                    result = self._alone(work)
                else:
                    result = self._transaction(work, writing=writing, deadline=deadline)
            except BaseException as error:  # noqa: BLE001 (it is raised again where it was asked for)
                self._slots.release()
                answer.set_exception(error)
            else:
                self._slots.release()
                answer.set_result(result)

        thread = threading.Thread(target=act, name="store", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the process may have no more threads
            self._slots.release()
            raise Failure(Cause.STORE, str(error)) from None
        thread.join(max(0.0, deadline - time.monotonic()))
        try:
            return answer.result(0)
        except TimeoutError:
            raise Failure(Cause.STORE, f"no answer within {self._timeout:g} s") from None
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            if isinstance(error, StatementError) and not isinstance(error, DBAPIError):
                raise  # a value of ours that no database was asked about
            raise Failure(Cause.STORE, _reason(error)) from None

    def _alone(self, work: Callable[[Connection], T]) -> T:
        """Do *work* outside of any transaction."""
        with self._engine.connect() as connection:
            return work(connection.execution_options(isolation_level="AUTOCOMMIT"))

    def _transaction(self, work: Callable[[Connection], T], *, writing: bool, deadline: float) -> T:
        with self._engine.connect() as connection:
            connection.execution_options(postseal_writing=writing)
            with connection.begin():
                result = work(connection)
                if time.monotonic() > deadline:  # nobody waits any more; better undone than unknown
                    raise TimeoutError
            return result


def parse(dsn: str) -> URL:
    """The parts of a data source name.  Raises BadInput, which does not quote it."""
    try:
        url = make_url(dsn)
    except (ArgumentError, ValueError):
        url = URL.create("unreadable")
    absolute = Path(url.database or "").is_absolute()
    if url.drivername == "postgresql+psycopg" or (url.drivername == "sqlite" and absolute and not url.query):
        return url
    hint = "write sqlite:////PATH or postgresql+psycopg://USER@HOST/DATABASE"
    raise BadInput([Problem(Place("store"), "not the name of a database that can be used", hint)])


def _sqlite(url: URL, timeout: float) -> Engine:
    # Never `rwc`: a file that is gone must be a failure, not a new journal that has forgotten all.
    uri = Path(str(url.database)).as_uri() + "?mode=rw"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri, uri=True, timeout=_INNER * timeout, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # in WAL, NORMAL forgets what was just committed
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_OCTETS}")  # or it stays as long as it ever was
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # a wrapped key that is deleted must be gone
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0, hide_parameters=True
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later is refused, not queued, if another one wrote
        # in between; so whoever will write says so at once (sqlite.org/lang_transaction.html).
        writing = connection.get_execution_options().get("postseal_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _postgresql(url: URL, timeout: float) -> Engine:
    inner = round(1000 * _INNER * timeout)
    defaults: dict[str, object] = {
        "connect_timeout": max(2, int(_INNER * timeout)),  # libpq takes nothing below 2
        "tcp_user_timeout": inner,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "application_name": "postseal",
    }
    size = _CONNECTIONS["postgresql"]
    try:
        engine = create_engine(
            url,
            connect_args={key: value for key, value in defaults.items() if key not in url.query},
            isolation_level="READ COMMITTED",
            pool_size=size,
            max_overflow=0,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    except ImportError as error:  # psycopg itself, or the libpq that it loads
        hint = "install postseal[postgres] and Debian's libpq5"
        raise BadInput([Problem(Place("store"), f"PostgreSQL cannot be used: {error}", hint)]) from None

    @event.listens_for(engine, "connect")
    def connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # Not as `options` at connect, which poolers such as pgbouncer refuse.
        cursor = connection.cursor()
        cursor.execute(_ON_CONNECT, {"timeout": str(inner)})
        cursor.close()
        connection.commit()

    return engine


_ON_CONNECT: Final = """
    SELECT set_config(name, %(timeout)s, false)
      FROM unnest(ARRAY['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name
    UNION ALL
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""
"""Whatever the server's default: a commit is on disk before it is answered, and no lock outlives a host."""


def _reason(error: Exception) -> str:
    """The database's own words, on one line."""
    said = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return f"{type(said).__name__}: {' '.join(str(said).split())[:300]}"
