"""What is done to Postseal, to Postfix and to the database while mail is under way.

Each fault is a function that goes on as long as it is asked to, and leaves all as it found it.
"""

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from faults.lab import Lab
from postgres import Postgres
from processes import children, eventually, known

Lasts = Callable[[], bool]
PAUSE = 8.0
"""Seconds, more than a lease in the lab."""
Fault = Callable[[Lab, Lasts], None]


def nothing(lab: Lab, lasts: Lasts) -> None:
    """Mail as on any other day."""


def worker_killed(lab: Lab, lasts: Lasts) -> None:
    """SIGKILL to one worker after the other."""
    while lasts():
        time.sleep(0.3)
        if workers := known(lab.daemon).workers:
            with suppress(ProcessLookupError):
                os.kill(random.choice(workers), signal.SIGKILL)


def finisher_killed(lab: Lab, lasts: Lasts) -> None:
    """SIGKILL to the processes that end submissions; their workers go on without."""
    while lasts():
        time.sleep(0.3)
        for worker in known(lab.daemon).workers:
            with suppress(OSError):
                for finisher in children(worker):
                    os.kill(finisher, signal.SIGKILL)
        with suppress(ProcessLookupError):  # another worker has another finisher
            os.kill(random.choice(eventually(lambda: known(lab.daemon).workers)), signal.SIGKILL)


def worker_stopped(lab: Lab, lasts: Lasts) -> None:
    """SIGSTOP to a worker for longer than its lease, then SIGCONT: it wakes up in another world."""
    while lasts():
        stopped = random.choice(eventually(lambda: known(lab.daemon).workers))
        with suppress(ProcessLookupError):
            os.kill(stopped, signal.SIGSTOP)
            time.sleep(PAUSE)
            os.kill(stopped, signal.SIGCONT)
        time.sleep(0.5)


def supervisor_killed(lab: Lab, lasts: Lasts) -> None:
    """SIGKILL to the supervisor; the service manager starts another one."""
    while lasts():
        time.sleep(1.5)
        lab.daemon.kill()
        lab.daemon.stop()
        lab.daemon.start()


def smtpd_killed(lab: Lab, lasts: Lasts) -> None:
    """SIGKILL to Postfix's smtpd and cleanup, on both sides of us."""
    while lasts():
        time.sleep(0.1)
        for pid in random.sample(found := _processes(lab, "smtpd", "cleanup"), min(2, len(found))):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _processes(lab: Lab, *names: str) -> list[int]:
    master = lab.gateway.master_pid
    found = []
    for pid in children(master) if master else ():
        with suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() in names:
                found.append(pid)
    return found


def listener_down(lab: Lab, lasts: Lasts) -> None:
    """Nobody listens where copies are submitted, and conversations break."""
    while lasts():
        lab.listener.close()
        time.sleep(1.5)
        lab.listener.open()
        time.sleep(1.5)


def sqlite_locked(lab: Lab, lasts: Lasts) -> None:
    """Another process keeps the write lock for longer than we wait."""
    while lasts():
        place = lab.daemon.directory / "store/store.sqlite"
        with closing(sqlite3.connect(place, isolation_level=None, timeout=30)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(3)
            other.execute("ROLLBACK")
        time.sleep(1)


def disk_full(folder: str) -> Fault:
    """No octet more fits where *folder* of the daemon is."""

    def full(lab: Lab, lasts: Lasts) -> None:
        ballast = lab.daemon.directory / folder / "ballast"
        while lasts():
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(bytes(1 << 16))
            with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
                while True:
                    file.write(bytes(512))
            time.sleep(2.5)
            ballast.unlink(missing_ok=True)
            time.sleep(1)

    return full


def postgres_restarted(server: Postgres) -> Fault:
    """The database breaks all connections, stays away for a moment, and comes back."""

    def restart(_: Lab, lasts: Lasts) -> None:
        while lasts():
            server.stop()
            time.sleep(1)
            server.start()
            time.sleep(1)

    return restart


def postgres_hanging(server: Postgres) -> Fault:
    """The database says nothing for longer than we wait."""

    def pause(_: Lab, lasts: Lasts) -> None:
        while lasts():
            server.pause()
            time.sleep(4)
            server.resume()
            time.sleep(1)

    return pause
