"""What systemd is told, as sd_notify(3) and systemd.service(5) have it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.daemon import Daemon

GOOD = "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"


class Manager:
    """The service manager's end of the channel."""

    def __init__(self, address: str) -> None:
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.settimeout(60)
        self._channel.bind("\0" + address[1:] if address.startswith("@") else address)

    def __enter__(self) -> "Manager":
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def told(self) -> dict[str, str]:
        """The next message; raises TimeoutError."""
        return dict(line.split("=", 1) for line in self._channel.recv(4096).decode().split("\n"))

    def until(self, key: str) -> list[dict[str, str]]:
        """The messages up to the one with *key*."""
        found = [self.told()]
        while key not in found[-1]:
            found.append(self.told())
        return found

    def falls_silent(self) -> bool:
        """Whether a second passes without a message, sooner or later."""
        self._channel.settimeout(1)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                self.told()
            except TimeoutError:
                return True
        return False


@contextmanager
def run(daemon: Daemon, address: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "postseal", "run", "--settings", str(daemon.settings_file)]
    with daemon.log_file.open("ab") as log:
        process = subprocess.Popen(
            command, stderr=log, env=os.environ | {"NOTIFY_SOCKET": address} | environment
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_notify_life_of_a_daemon(directory: Path, kind: str) -> None:
    daemon = Daemon(directory, policies={"1.yaml": GOOD}, settings="workers: 2\n")
    address = f"@{directory}" if kind == "abstract" else str(directory / "notify")

    with Manager(address) as manager, run(daemon, address) as process:
        started = manager.until("READY")
        assert {"STATUS"} in [set(told) for told in started]
        assert started[0]["STATUS"].startswith("2 of 2 workers, policy ")

        before = time.monotonic_ns() // 1000
        process.send_signal(signal.SIGHUP)
        (reloading,) = manager.until("RELOADING")
        assert reloading["RELOADING"] == "1"
        assert before <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        manager.until("READY")

        (daemon.policies / "1.yaml").write_text("nonsense\n")
        process.send_signal(signal.SIGHUP)
        refused = manager.until("READY")
        assert any("the last reload was refused" in told.get("STATUS", "") for told in refused)

        process.send_signal(signal.SIGTERM)
        assert manager.until("STOPPING")[-1] == {"STOPPING": "1"}
        assert process.wait(60) == 0


def test_notify_watchdog_gets_signs_of_life_at_half_its_time(directory: Path) -> None:
    daemon = Daemon(directory, policies={"1.yaml": GOOD}, settings="workers: 1\n")
    address = str(directory / "notify")

    with Manager(address) as manager, run(daemon, address, WATCHDOG_USEC="400000"):
        manager.until("READY")
        manager.until("WATCHDOG")
        begun = time.monotonic()
        for _ in range(5):
            manager.until("WATCHDOG")
        took = time.monotonic() - begun

    # It takes one second.  A loop that did not mind the watchdog would turn once a minute.
    assert took < 30


def test_notify_hung_supervisor_gives_no_sign_of_life(directory: Path) -> None:
    daemon = Daemon(directory, policies={"1.yaml": GOOD}, settings="workers: 1\n")
    address = str(directory / "notify")

    with Manager(address) as manager, run(daemon, address, WATCHDOG_USEC="200000") as process:
        manager.until("WATCHDOG")
        process.send_signal(signal.SIGSTOP)
        assert manager.falls_silent()


@pytest.mark.parametrize("address", ["", "relative", "/nonexistent/notify", "@postseal-nobody-listens"])
def test_notify_without_a_manager_is_no_hindrance(directory: Path, address: str) -> None:
    daemon = Daemon(directory, policies={"1.yaml": GOOD}, settings="workers: 1\n")

    with run(daemon, address) as process:
        deadline = time.monotonic() + 60
        while "event=started" not in daemon.log():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.terminate()
        assert process.wait(60) == 0
