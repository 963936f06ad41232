"""A private PostgreSQL: Debian's server, a data directory of ours, a Unix socket and no port.

It never runs as root, which the server refuses, and it does not fsync, since nothing of it outlives a
test.  Stopping and starting it again is what tests are about.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

LIMIT = 60.0
"""Seconds after which a start or a stop is taken for hung."""


def programs() -> Path | None:
    """The folder of the newest server's programs, None if there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    newest = max(found, key=lambda path: int(path.parent.name), default=None)
    return newest or (Path(on_path).parent if on_path else None)


class Postgres:
    """A server below *directory*: a context manager; `stop`, `start`, `pause`, `resume`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._log = directory / "postgres.log"
        self._programs = programs()
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count()
        if os.geteuid() == 0:
            shutil.chown(directory, self._user)
        options = "--no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C"
        self._run("initdb", *options.split(), "--pgdata", self._data)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and return when it answers."""
        options = (
            f"listen_addresses= unix_socket_directories={self._directory} fsync=off jit=off autovacuum=off"
        )
        arguments = [word for option in options.split() for word in ("-c", option)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", self._data, *arguments],
                user=self._other_user,
                stdout=log,
                stderr=log,
                cwd=self._directory,
            )
        deadline = time.monotonic() + LIMIT
        while True:
            try:
                psycopg.connect(self.conninfo()).close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(self._log.read_text()) from error
                time.sleep(0.02)
            else:
                return

    def stop(self, number: int = signal.SIGINT) -> None:
        """Stop it: SIGINT breaks all connections (postgres(1))."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(LIMIT)
            self._process = None

    def pause(self) -> None:
        """Stop all its processes where they stand: connections hang."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on."""
        self._signal_all(signal.SIGCONT)

    def conninfo(self, database: str = "postgres") -> str:
        """Where libpq finds *database*."""
        return f"host={self._directory} user=postgres dbname={database}"

    def new_database(self) -> str:
        """The DSN of a new, empty database."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  # a name of ours
        return f"postgresql+psycopg://postgres@/{name}?host={self._directory}"

    def new_schema(self) -> str:
        """The DSN of a new, empty schema: all that most tests need of a database, and made at once."""
        name = f"test{next(self._names)}"
        with psycopg.connect(self.conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")  # type: ignore[arg-type]  # a name of ours
        return (
            f"postgresql+psycopg://postgres@/postgres?host={self._directory}&options=-csearch_path%3D{name}"
        )

    @property
    def _other_user(self) -> str | None:
        return self._user if os.geteuid() == 0 else None

    def _program(self, name: str) -> Path:
        assert self._programs
        return self._programs / name

    def _run(self, name: str, *arguments: str | Path) -> None:
        command = [self._program(name), *arguments]
        subprocess.run(
            command, user=self._other_user, cwd="/", check=True, capture_output=True, timeout=LIMIT
        )

    def _signal_all(self, number: int) -> None:
        assert self._process
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (parent, *map(int, children)):
            os.kill(pid, number)
