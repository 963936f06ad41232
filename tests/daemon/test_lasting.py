"""What adds up over a long life: reloads by the hundred, and a disk that is full."""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from milterprotocol import Mail, MilterClient
from processes import children, descriptors, eventually, known, sample, settled

POLICY = {"1.yaml": "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"}
RELOADS = 200


def footprint(running: Daemon) -> dict[str, int]:
    """What the daemon occupies once it has settled."""
    now = settled(running)
    # The dead are buried in the turn in which they are reaped; one scrape later all is written.
    running.metrics()
    return {
        "children": len(children(running.pid)),
        "descriptors of the supervisor": len(descriptors(running.pid)),
        "descriptors of a worker": len(descriptors(now.workers[0])),
        "files": len(list((running.directory / "run").rglob("*"))),
        "spool": len(list((running.directory / "spool").rglob("*"))),
    }


def accepted(running: Daemon) -> None:
    """Have one mail treated, and hang up: a worker that was replaced waits for its clients."""
    with contextlib.closing(MilterClient(f"unix:{running.socket}")) as client:
        assert client.transaction(Mail()).edits


class Scraper(threading.Thread):
    """Scrapes until it is told to stop; *backwards*: every counter that was ever less than before."""

    def __init__(self, running: Daemon) -> None:
        super().__init__()
        self._running = running
        self.over = threading.Event()
        self.scrapes = 0
        self.backwards: list[str] = []

    def run(self) -> None:
        before: dict[str, float] = {}
        while not self.over.wait(0.1):
            samples = re.findall(
                r"(?m)^(\S+_(?:total|count|sum|bucket)\S*(?: \S+\")?\S*) (\S+)$", self._running.metrics()
            )
            now = {name: float(value) for name, value in samples}
            self.backwards += [name for name, value in before.items() if now.get(name, -1) < value]
            before = now
            self.scrapes += 1


def test_reload_two_hundred_times_leaves_no_more_than_one(daemon: DaemonFactory) -> None:
    running = daemon(policies=POLICY, settings="workers: 1\n")
    running.reload()
    accepted(running)
    eventually(lambda: len(list((running.directory / "run" / "metrics").glob("*_0.db"))) == 2)
    before = footprint(running)
    scraper = Scraper(running)
    scraper.start()

    begun = time.monotonic()
    for number in range(RELOADS):
        running.reload()
        if number % 20 == 0:
            accepted(running)
    took = time.monotonic() - begun
    # No more, rather than as much: the first look may have met something that was open for a moment.
    eventually(lambda: all(now <= before[what] for what, now in footprint(running).items()))
    scraper.over.set()
    scraper.join()

    assert scraper.scrapes > 5
    assert scraper.backwards == []
    assert sample(running, 'postseal_messages_total{result="accepted"}') == 11
    assert sample(running, 'postseal_reloads_total{result="good"}') == RELOADS + 1
    assert sample(running, "postseal_worker_restarts_total") == 0
    print(f"\n{RELOADS} reloads, {took / RELOADS * 1000:.0f} ms each, {scraper.scrapes} scrapes; {before}")


@pytest.fixture
def small_run(daemon: DaemonFactory, directory: Path) -> Iterator[Daemon]:
    """A daemon whose runtime directory is a file system of 1 MiB."""
    running = Daemon(directory / "own", policies=POLICY, settings="workers: 1\n")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0750", "none", str(running.directory / "run")]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let us mount a small file system")
    try:
        with running:
            yield running
    finally:
        subprocess.run(["umount", running.directory / "run"], check=True)


def test_full_run_directory_stops_no_mail_and_loses_no_count(small_run: Daemon) -> None:
    place = small_run.directory / "run"
    accepted(small_run)
    first = known(small_run).workers[0]
    filler = place / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))

    os.kill(first, signal.SIGKILL)
    eventually(lambda: "event=uncounted" in small_run.log())
    accepted(small_run)
    eventually(lambda: "event=state_not_written" in small_run.log())
    eventually(lambda: "event=not_buried" in small_run.log())
    filler.unlink()

    # The first asks the loop to turn; it has room again to write what it knows.
    assert small_run.reload().reload.good
    settled(small_run)
    accepted(small_run)
    # The mail of the worker that was killed counts; that of the one that had no room does not.
    assert eventually(lambda: sample(small_run, 'postseal_messages_total{result="accepted"}') == 2)
    assert known(small_run).restarts == 1
    assert known(small_run).faults == 0
