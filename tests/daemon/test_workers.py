"""Workers die and are replaced; the supervisor dies and nothing is left behind."""

import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from milterprotocol import Mail, MilterClient
from processes import alive, children, descriptors, eventually, exporter, known, sample, settled

POLICY = {"1.yaml": "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"}
Client = Callable[..., MilterClient]


@pytest.fixture
def running(daemon: DaemonFactory) -> Daemon:
    return daemon(policies=POLICY, settings="workers: 2\n")


def test_worker_that_dies_is_replaced_and_counted(running: Daemon, milter: Client) -> None:
    before = known(running)

    os.kill(before.workers[0], signal.SIGKILL)
    eventually(lambda: known(running).restarts)

    after = settled(running)
    assert before.workers[0] not in after.workers
    assert after.restarts == 1
    assert after.last_death.startswith("signal SIGKILL, ")
    assert 'how="signal SIGKILL"' in running.log()
    assert sample(running, "postseal_worker_restarts_total") == 1
    assert milter(f"unix:{running.socket}").transaction(Mail()).edits


def test_worker_ignores_signals_that_are_the_supervisors(running: Daemon) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        for pid in children(running.pid):
            os.kill(pid, number)
    running.kill(signal.SIGUSR1)

    assert running.reload().reload.total == 1, "a worker's SIGHUP reached the supervisor"
    assert known(running).restarts == 0


@contextmanager
def deadly(daemon: Daemon) -> Iterator[None]:
    """No worker lives for long while this lasts."""
    over = threading.Event()

    def kill() -> None:
        spared = {exporter(daemon)}
        while not over.wait(0.005):
            for pid in children(daemon.pid) - spared:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


def test_crash_loop_is_slowed_down_and_visible_everywhere_and_ends(running: Daemon) -> None:
    with deadly(running):
        eventually(lambda: "again_in=1.6" in running.log())
        told = eventually(lambda: (done := running.command("status")) and "next try" in done.stdout and done)
        eventually(lambda: "postseal_workers 0.0" in running.metrics())
        assert "postseal_workers_wanted 2.0" in running.metrics()
    log = running.log()

    assert told.returncode == 1
    assert re.search(r"(?m)^workers  [01] of 2$", told.stdout)
    assert "workers are missing; the next try is at" in told.stdout
    assert re.search(
        r"(?m)^deaths   \d+ workers died; the last by signal SIGKILL, \d\.\d s old$", told.stdout
    )
    delays = re.findall(r"event=worker_died .*again_in=([\d.]+)", log)
    # On a slow machine one may live long enough to begin anew, with no delay.
    rising = "".join(f"{delay} " for delay in delays).partition("1.6 ")[0].rpartition("0.0 ")[2].split()
    assert {"0.2", "0.4", "0.8"} == set(rising)
    assert len(rising) <= 8, "workers that were forked together count once"
    assert running.reload().reload.good, "a reload tries again at once"
    assert len(settled(running).workers) == 2
    assert running.command("status").returncode == 0


def test_worker_keeps_no_descriptor_of_the_supervisor(running: Daemon) -> None:
    now = settled(running)

    def shared() -> list[str]:
        """The supervisor's pipes in its workers; libmilter has pipes of its own."""
        theirs = {found for found in descriptors(running.pid) if found.startswith("pipe:")}
        return [found for pid in now.workers for found in descriptors(pid) if found in theirs]

    # A worker that was just forked has not closed the others yet.
    pipes = eventually(lambda: len(found := shared()) == len(now.workers) and found)
    assert len(set(pipes)) == len(now.workers), "each has a pipe of its own and no other"
    names = [found for pid in now.workers for found in descriptors(pid)]
    assert not [name for name in names if "state" in name or name.endswith("(deleted)")]


def test_supervisor_killed_workers_finish_and_go_and_another_starts_at_once(
    daemon: DaemonFactory, milter: Client
) -> None:
    running = daemon(policies=POLICY, settings="workers: 2\nstop: 60s\n")
    busy, idle = (milter(f"unix:{running.socket}") for _ in range(2))
    idle.transaction(Mail())
    busy.connect()
    busy.mail(b"<ann@lab.test>")
    family = children(running.pid)

    running.kill(signal.SIGKILL)
    running.stop()
    assert running.command("status").returncode == 3
    running.start()  # its settings are the same: so are socket, metrics address and directories

    assert milter(f"unix:{running.socket}").transaction(Mail()).edits
    busy.rcpt(b"<bob@example.test>")
    busy.header(b"Subject", b" hi")
    busy.end_of_headers()
    assert busy.end_of_message().edits, "the message under way was not finished"
    eventually(lambda: not any(map(alive, family)))
    assert running.command("reload").returncode == 0
