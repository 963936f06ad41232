"""`postseal reload` and `status` without a daemon, without permission, and against left-over files."""

import json
import os
import signal
from collections.abc import Iterator

import pytest

from demo.place import open_directory
from offline_place import Place, place
from postseal.daemon import state


@pytest.fixture
def ours() -> Iterator[Place]:
    with open_directory() as directory:
        yield place(directory)


@pytest.mark.parametrize("command", ["reload", "status"])
def test_without_a_daemon_exit_code_is_3(ours: Place, command: str) -> None:
    done = ours.run(command)

    assert done.returncode == 3
    assert f"postseal does not run (nobody holds {ours.directory}/run/lock)" in done.stderr


def test_without_a_daemon_and_with_broken_settings_both_are_told(ours: Place) -> None:
    ours.daemon.settings_file.write_text(ours.daemon.settings_file.read_text() + "nonsense: 1\n")

    done = ours.run("status")

    assert done.returncode == 3
    assert "nonsense" in done.stderr
    assert "does not run" in done.stderr


def test_status_of_a_running_daemon(ours: Place) -> None:
    with ours.daemon as daemon:
        told = ours.run("status")
        facts = json.loads(ours.run("status", "--json").stdout)

    assert told.returncode == 0
    assert [line.split()[0] for line in told.stdout.splitlines()] == [
        "process", "socket", "metrics", "policy", "workers", "reloads",
    ]  # fmt: skip
    assert f"http://127.0.0.1:{daemon.metrics_port}/metrics" in told.stdout
    assert facts["workers"]
    assert (facts["wanted"], facts["rules"], facts["reload"]["good"]) == (1, 4, True)


def test_reload_believes_no_file_that_a_killed_daemon_left(ours: Place) -> None:
    """The process id in it may be anybody's by now, and SIGHUP would end that process."""
    run = ours.directory / "run"
    state.State(os.getpid(), 0.0).write(run)
    before = signal.signal(signal.SIGHUP, lambda *_: pytest.fail("we were signalled"))
    try:
        held = state.lock(ours.directory)  # another folder: this process holds a lock, but not that one
        left_behind = ours.run("reload")
        held.close()
        (run / "lock").touch()
        with ours.daemon:
            pass
        state.State(os.getpid(), 0.0).write(run)
        after_a_stop = ours.run("reload")
    finally:
        signal.signal(signal.SIGHUP, before)

    assert (left_behind.returncode, after_a_stop.returncode) == (3, 3)


def test_reload_and_status_ask_without_taking_the_lock(ours: Place) -> None:
    """A daemon that starts while somebody asks must not be refused."""
    (ours.directory / "run" / "lock").touch()
    child = os.fork()
    if child == 0:
        for _ in range(1_000_000):
            state.read(ours.directory / "run")
        os._exit(0)
    try:
        for _ in range(300):
            state.lock(ours.directory / "run").close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_reload_that_is_not_answered_is_told_with_exit_code_3(ours: Place) -> None:
    with ours.daemon as daemon:
        pid = daemon.pid
        daemon.kill(signal.SIGSTOP)
        try:
            done = ours.run("reload", "--timeout", "0.2")
        finally:
            daemon.kill(signal.SIGCONT)

    assert done.returncode == 3
    assert f"no answer from process {pid} within 0.2 s" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_who_may_read_nothing_gets_a_sentence(ours: Place) -> None:
    ours.daemon.settings_file.chmod(0o600)

    for command in ("check", "status", "reload", "run"):
        done = ours.as_nobody(command)
        assert done.returncode == 1
        assert f"{ours.daemon.settings_file}: cannot be read: permission denied\n  hint: " in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_who_may_read_settings_only_gets_a_sentence(ours: Place) -> None:
    with ours.daemon:
        (ours.directory / "run").chmod(0o700)
        for command in ("status", "reload"):
            done = ours.as_nobody(command)
            assert done.returncode == 1
            assert f"{ours.directory}/run/lock: cannot be read: Permission denied\n  hint: " in done.stderr
        (ours.directory / "run").chmod(0o755)
        assert ours.as_nobody("status").returncode == 0
        refused = ours.as_nobody("reload")

    assert refused.returncode == 1
    assert "you may not tell process" in refused.stderr
    assert ours.as_nobody("run").returncode == 1
