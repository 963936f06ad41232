"""The session, as drivers of other kinds see it: a foreign one, and one that waits for long work."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conftest import DaemonFactory, await_socket
from milteredits import AddHeader, Progress
from milterprotocol import Mail, MilterClient

POLICY = "rules: [{name: mark, then: [add_header: {X-Seen: 'yes'}]}]\n"


def test_session_led_by_a_foreign_driver(daemon: DaemonFactory, miltertest: Callable[..., None]) -> None:
    running = daemon(policies={"1.yaml": POLICY}, settings="workers: 1\n")

    miltertest("session.lua", socket=f"unix:{running.socket}", added="X-Seen")

    log = running.log()
    assert log.count("result=accepted") == 4
    assert log.count("queue_id=QUEUE1") == 2


def test_session_long_work_gives_signs_of_life(directory: Path, milter: Callable[..., MilterClient]) -> None:
    socket = directory / "slow.sock"
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "slow_milter.py"), str(socket), "1.5"]
    )
    try:
        await_socket(f"unix:{socket}", process)
        client = milter(f"unix:{socket}")
        client.connect()

        answer = client.transaction(Mail())
    finally:
        process.kill()
        process.wait()

    assert answer.verdict == "continue"
    assert Progress() in answer.edits
    assert answer.edits[-1] == AddHeader(b"X-Slow", b" yes")
