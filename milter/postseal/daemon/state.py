"""What the supervisor knows of itself, written for the commands and the exporter to read.

One JSON file in the runtime directory, replaced as a whole; beside it a lock that the supervisor
holds as long as it lives, so nobody mistakes a file left over for a running daemon.
"""

import contextlib
import errno
import fcntl
import json
import os
import struct
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Final


@dataclass(slots=True)
class Reload:
    """How the last reload (or the start) went.

    *begun*: time.monotonic() when it began.  *answered*: whether it has ended.  *at*: Unix time of the
    last good one; *refused_at*: of the last bad one.
    """

    begun: float = 0.0
    answered: bool = True
    at: float = 0.0
    refused_at: float = 0.0
    good: bool = True
    total: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """A snapshot.

    *wanted*: how many workers there should be.  *last_death*: how the worker that died last died.
    *again_at*: Unix time at which missing workers are forked, 0 if none is missing.  *faults*: errors of
    our own in the supervisor.  *certificates*: Unix time of expiry by fingerprint of our own certificates.
    *beside*: the processes beside the workers, by what they do.
    """

    pid: int
    started: float
    generation: int = 0
    policy: str = ""
    rules: int = 0
    socket: str = ""
    metrics: str = ""
    workers: list[int] = field(default_factory=list)
    draining: list[int] = field(default_factory=list)
    wanted: int = 0
    restarts: int = 0
    last_death: str = ""
    again_at: float = 0.0
    faults: int = 0
    reload: Reload = field(default_factory=Reload)
    certificates: dict[str, float] = field(default_factory=dict)
    recipients: dict[str, int] = field(default_factory=dict)
    beside: dict[str, int] = field(default_factory=dict)

    def write(self, directory: Path) -> None:
        """Replace the file in *directory*.  Raises OSError."""
        aside = directory / f"state.{self.pid}"
        try:
            aside.write_text(json.dumps(asdict(self)), encoding="utf-8")
            aside.replace(directory / "state.json")
        except OSError:
            with contextlib.suppress(OSError):
                aside.unlink()
            raise


def read(directory: Path) -> State | None:
    """The state of the daemon that runs with this runtime *directory*; None if none does.

    Raises OSError if *directory* may not be read.
    """
    holder = _holder(directory)
    if holder is None:
        return None
    try:
        known = json.loads((directory / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:  # it holds the lock and has not written yet
        return None
    if known["pid"] != holder:  # left over from a daemon that was killed; its process id may be anybody's now
        return None
    names = {each.name for each in fields(State)}
    values = {name: value for name, value in known.items() if name in names}
    return State(**values | {"reload": Reload(**known["reload"])})


def left_behind(directory: Path) -> bool:
    """Whether the last daemon with this *directory* was killed; to be asked by who holds the lock."""
    return (directory / "state.json").exists()


_FLOCK: Final = struct.Struct("hhqqi0q")
"""struct flock with 64-bit offsets (fcntl(2)): type, whence, start, length, process id."""


def _holder(directory: Path) -> int | None:
    """Who holds the lock; unlike trying to take it, asking is in nobody's way."""
    try:
        with (directory / "lock").open() as file:
            question = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_GETLK, question))
    except FileNotFoundError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)


def lock(directory: Path) -> IO[str]:
    """Take the lock until this process ends, or closes any descriptor of the file.

    Raises OSError, BlockingIOError if another daemon has it.

    A POSIX lock: unlike that of flock(2) the forked workers do not hold it on.
    """
    file = (directory / "lock").open("a+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX lets a system choose between them
        file.close()
        raise BlockingIOError(errno.EAGAIN, f"another postseal runs with {directory}") from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
