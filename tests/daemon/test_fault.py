"""Whatever fails in the supervisor: it is told, and mail goes on."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from milterprotocol import Mail, MilterClient
from processes import eventually, known, resting, sample, settled

POLICY = {"1.yaml": "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"}

# A bug that shows three times, in a part of the loop that nothing else guards.
BUG = """
from postseal.daemon.children import Children
real, bugs = Children.overdue, iter("abc")
def overdue(self):
    if next(bugs, None):
        raise RuntimeError("a bug of ours")
    return real(self)
Children.overdue = overdue
"""
STILLBORN = """
import os
from postseal.daemon import supervisor
def work(*_, **__):
    raise ValueError("cannot live")
supervisor.work = work
"""
RUN = "from postseal.cli.main import main; main(prog_name='postseal')"


@contextlib.contextmanager
def running_with(fault: str, daemon: Daemon) -> Iterator[int]:
    """The daemon with *fault* built in; the supervisor's process id."""
    command = [sys.executable, "-c", fault + RUN, "run", "--settings", str(daemon.settings_file)]
    with daemon.log_file.open("ab") as log:
        process = subprocess.Popen(command, stderr=log)
    try:
        eventually(lambda: "event=started" in daemon.log() or process.poll() is not None)
        yield process.pid
    finally:
        process.terminate()
        assert process.wait(30) == 0, daemon.log()


def accepted(daemon: Daemon) -> bool:
    with contextlib.closing(MilterClient(f"unix:{daemon.socket}")) as client:
        return bool(client.transaction(Mail()).edits)


@pytest.fixture
def prepared(directory: Path) -> Daemon:
    return Daemon(directory, policies=POLICY, settings="workers: 1\n")


def test_fault_in_the_loop_is_counted_and_told_and_ends_nothing(prepared: Daemon) -> None:
    with running_with(BUG, prepared) as pid:
        os.kill(pid, signal.SIGCHLD)  # the loop turns
        eventually(lambda: known(prepared).faults == 3)

        assert accepted(prepared)
        assert prepared.log().count('event=supervisor_fault why="a bug of ours"') == 3
        assert "trace=" in prepared.log()
        assert "3 errors of Postseal's own" in prepared.command("status").stdout
        assert sample(prepared, "postseal_supervisor_faults_total") == 3


def test_worker_that_cannot_live_says_why(prepared: Daemon) -> None:
    with running_with(STILLBORN, prepared):
        eventually(lambda: "again_in=0.8" in prepared.log())

    assert 'event=failed what=worker why="cannot live"' in prepared.log()
    assert "event=worker_died" in prepared.log()
    assert 'how="exit code 1"' in prepared.log()


def test_no_descriptor_left_mail_goes_on_and_all_is_mended_when_there_are_again(
    daemon: DaemonFactory,
) -> None:
    running = daemon(policies=POLICY, settings="workers: 2\n")
    before = settled(running)
    limits = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    # A file that is open for a moment would leave room for one more.
    kept = resting(running.pid)
    numbers = {int(name.name) for name in Path(f"/proc/{running.pid}/fd").iterdir()}

    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (min(set(range(99)) - numbers), limits[1]))
    os.kill(before.workers[0], signal.SIGKILL)
    running.kill(signal.SIGHUP)
    eventually(lambda: "event=reload_refused" in running.log())
    # Told by the reload, or afterwards, when the dead one is to be replaced; it left a descriptor or two.
    eventually(lambda: "cannot_fork" in running.log() or "no workers can be forked" in running.log())

    assert accepted(running)
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, limits)
    assert running.reload().reload.good
    assert len(settled(running).workers) == 2
    assert known(running).reload.failed == 1
    assert accepted(running)
    assert running.command("status").returncode == 0
    assert len(resting(running.pid)) == len(kept)
