"""Brings the database to the schema of this Postseal, and makes SQLite's file if there is none.

Migrations only ever go forward, one numbered file in `migrations` each, and all that are missing are
one transaction: it is either the old schema or the new.  Two hosts that migrate at the same time wait
for each other.  A schema that this Postseal does not know is left as it is.
"""

import logging
import os
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from postseal import log
from postseal.errors import BadInput, Place, Problem
from postseal.store.engine import Store, parse

_log = logging.getLogger(__name__)
logging.getLogger("alembic").setLevel(logging.WARNING)  # we say it ourselves, in one line

_LOCK: Final = 0x706F7374_7365616C
"""The name of the advisory lock in PostgreSQL: "postseal"."""


def migrate(dsn: str, *, timeout: float = 60.0) -> None:
    """Bring the database *dsn* up to date; nothing happens if it is.  Leaves neither connection nor thread.

    Raises BadInput if an administrator has to act: a name, a file or a folder that cannot be used, or a
    schema from a newer Postseal.  Raises Failure if the database does not answer; a thread may then be
    left that waits for it.
    """
    url = parse(dsn)
    if url.get_backend_name() == "sqlite":
        _prepare(Path(str(url.database)))
    store = Store(dsn, timeout=timeout)
    try:
        store.write(_migrate)
    finally:
        store.close()


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # in SQLite the transaction itself is the lock
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    config = Config()
    config.set_main_option("script_location", "postseal.store:migrations")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    newest = scripts.get_current_head()
    found = MigrationContext.configure(connection).get_current_revision()
    if found == newest:
        return
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        what = f"the store has the schema {found} of a newer Postseal; this one knows {newest}"
        raise BadInput([Problem(Place("store"), what, "install the newer Postseal, or restore a backup")])
    command.upgrade(config, "head")
    _log.info("%s", log.line(event="store_migrated", schema=newest, found=found))


def _prepare(path: Path) -> None:
    """Make an empty file if there is none, closed to all others, in a folder closed to all others."""
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check(folder, mode=0o700)
        try:
            # Never open one that exists: closing it would drop the locks SQLite has in this process.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            _check(path, mode=0o600)
        else:
            _sync(folder)
    except OSError as error:
        raise BadInput([Problem(Place(str(path)), f"cannot be made: {error.strerror}")]) from None


def _check(path: Path, *, mode: int) -> None:
    """Raise BadInput unless *path* belongs to us and nobody else may do anything with it."""
    facts = path.stat()
    if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        what = "the store must belong to the daemon's user and be closed to all others"
        raise BadInput(
            [Problem(Place(str(path)), what, f"chown {os.geteuid()} {path}; chmod {mode:o} {path}")]
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
