"""What tests of the running daemon look at from outside: processes, descriptors, conditions to come true."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from demo.daemon import Daemon
from postseal.daemon import state
from postseal.daemon.state import State

T = TypeVar("T")


def eventually(seen: Callable[[], T], *, seconds: float = 60.0) -> T:
    """What *seen* returns as soon as that is true.  Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := seen()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s; last seen: {found!r}")
        time.sleep(0.01)
    return found


def known(daemon: Daemon) -> State:
    """What the daemon says of itself."""
    return eventually(lambda: state.read(daemon.directory / "run"))


def settled(daemon: Daemon) -> State:
    """The same once all workers are there and none is draining."""

    def seen() -> State | None:
        now = state.read(daemon.directory / "run")
        return now if now and len(now.workers) == now.wanted and not now.draining else None

    return eventually(seen)


def children(pid: int) -> set[int]:
    """The child processes of *pid*, as the operating system knows them."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def exporter(daemon: Daemon) -> int | None:
    """The process that serves metrics."""
    return known(daemon).beside.get("exporter")


def descriptors(pid: int) -> list[str]:
    """What each open descriptor of *pid* leads to."""
    found = []
    for name in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(name))  # noqa: PTH115 (no path in the file system)
        except FileNotFoundError:
            continue
    return sorted(found)


def resting(pid: int) -> list[str]:
    """The same of the supervisor while nothing is under way: what it opens for a moment is closed again.

    It keeps three standard streams, its lock, two sockets, both ends of one pipe, and a pipe to each child.
    """
    return eventually(lambda: len(found := descriptors(pid)) == 8 + len(children(pid)) and found)


def alive(pid: int) -> bool:
    """Whether *pid* runs; a zombie does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def sample(daemon: Daemon, name: str) -> float | None:
    """The value of the sample *name*, labels included, in a scrape."""
    found = re.search(rf"(?m)^{re.escape(name)} (\S+)$", daemon.metrics())
    return float(found[1]) if found else None


def workers(daemon: Daemon) -> list[int]:
    """The processes of the workers, as the operating system knows them."""
    return sorted(children(daemon.pid) - set(known(daemon).beside.values()))
