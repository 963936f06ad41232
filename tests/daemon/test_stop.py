"""A stop waits for messages and for nothing else."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import DaemonFactory
from demo.daemon import Daemon
from milterprotocol import Mail, MilterClient
from processes import alive, children, eventually

POLICY = {"1.yaml": "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"}
Client = Callable[..., MilterClient]


def started(daemon: DaemonFactory, stop: str) -> Daemon:
    running: Daemon = daemon(policies=POLICY, settings=f"workers: 2\nstop: {stop}\n")
    return running


def under_way(client: MilterClient) -> MilterClient:
    client.connect()
    client.mail(b"<ann@lab.test>")
    return client


def refuses(running: Daemon) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(running.socket)) != 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_stop_message_under_way_is_answered(daemon: DaemonFactory, milter: Client) -> None:
    running = started(daemon, "30s")
    client = under_way(milter(f"unix:{running.socket}"))
    spent = cpu_seconds(running.pid)

    running.kill(signal.SIGTERM)
    eventually(lambda: refuses(running))
    time.sleep(1.5)  # the stop lasts, and must cost nothing meanwhile

    assert alive(running.pid)
    assert cpu_seconds(running.pid) - spent < 0.5, "the supervisor spins while it waits"
    client.rcpt(b"<bob@example.test>")
    client.header(b"Subject", b" hi")
    client.end_of_headers()
    assert client.end_of_message().edits
    eventually(lambda: not alive(running.pid))
    running.stop()
    assert "cut_off" not in running.log()
    assert running.log().rstrip().endswith("event=stopped")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_stop_idle_connections_do_not_delay_it(
    daemon: DaemonFactory, milter: Client, number: signal.Signals
) -> None:
    running = started(daemon, "300s")
    idle = [milter(f"unix:{running.socket}") for _ in range(8)]
    for client in idle:
        client.connect()
        assert client.transaction(Mail()).edits
    family = children(running.pid)

    begun = time.monotonic()
    running.kill(number)
    eventually(lambda: not alive(running.pid))
    took = time.monotonic() - begun

    print(f"\nstop with 8 idle connections: {took:.2f} s, of 300 that it may last")
    assert not any(map(alive, family))
    assert not running.socket.exists()
    assert "cut_off" not in running.log()


def test_stop_has_a_limit_and_says_what_was_cut_off(daemon: DaemonFactory, milter: Client) -> None:
    running = started(daemon, "1s")
    client = under_way(milter(f"unix:{running.socket}"))

    begun = time.monotonic()
    running.stop()
    took = time.monotonic() - begun

    assert 1 <= took < 25
    assert "event=cut_off" in running.log()
    assert "messages=1" in running.log()
    with pytest.raises((EOFError, OSError)):
        client.transaction(Mail())


def test_stop_worker_that_hangs_is_killed(daemon: DaemonFactory) -> None:
    running = started(daemon, "0s")
    hung = next(iter(children(running.pid)))
    for pid in children(running.pid):
        os.kill(pid, signal.SIGSTOP)

    running.stop()

    assert not alive(hung)
    assert running.log().count("event=killed") == 2


def test_stop_during_a_reload_wins(daemon: DaemonFactory) -> None:
    running = started(daemon, "5s")

    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        running.kill(number)
    eventually(lambda: not alive(running.pid))

    assert running.log().rstrip().endswith("event=stopped")
