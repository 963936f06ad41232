"""Foreign files are read by processes that may die of them, and can do nothing else."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from content.carriers import text_docx, zipped
from postseal.content.item import Item, State
from postseal.content.process import Budget, Pool
from postseal.settings.extraction import Extraction
from processes import alive, eventually


@pytest.fixture
def pool():
    opened = Pool(Extraction(seconds=20.0, processes=1))
    yield opened
    opened.close()


def inspect(pool: Pool, octets: bytes, **spent: float) -> list[Item]:
    budget = Budget.of(pool.limits)
    for name, value in spent.items():
        setattr(budget, name, value)
    return pool.inspect("file", octets, budget)


def test_process_is_kept_for_the_next_file(pool: Pool):
    inspect(pool, b"one")
    (first,) = pool.idle
    inspect(pool, b"two")

    assert pool.idle == [first]


def test_process_that_hangs_is_killed_and_replaced(pool: Pool):
    inspect(pool, b"one")
    (first,) = pool.idle
    os.kill(first, signal.SIGSTOP)

    (item,) = inspect(pool, b"two", seconds=1.0)

    assert (item.state, item.detail) == (State.LIMIT, "reading it was given up: it took too long")
    assert not alive(first)
    assert inspect(pool, b"three")[0].text == "three"


def test_process_that_died_while_idle_is_no_fault_of_the_file(pool: Pool):
    inspect(pool, b"one")
    (first,) = pool.idle
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not alive(first))

    assert inspect(pool, b"two")[0].text == "two"


def test_process_that_cannot_start_is_told(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent")

    assert inspect(pool, b"x")[0].state is State.FAILED


def test_close_ends_the_processes(pool: Pool):
    inspect(pool, b"one")
    (first,) = pool.idle

    pool.close()

    assert not alive(first)


def test_processes_of_a_parent_are_not_used_after_a_fork(pool: Pool):
    inspect(pool, b"one")
    (first,) = pool.idle
    if (pid := os.fork()) == 0:
        good = inspect(pool, b"two")[0].text == "two" and pool.idle != [first]
        pool.close()
        os._exit(0 if good else 1)

    assert os.waitpid(pid, 0)[1] == 0
    assert inspect(pool, b"three")[0].text == "three"
    assert pool.idle == [first]


def test_threads_wait_for_their_turn(pool: Pool):
    texts: list[str] = []
    octets = text_docx("word")
    threads = [
        threading.Thread(target=lambda: texts.append(inspect(pool, octets)[0].text.strip())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert texts == ["word"] * 8


@pytest.mark.parametrize(
    ("limits", "octets"),
    [
        pytest.param({"files": 3}, zipped({f"{number}.txt": b"x" for number in range(5)}), id="files"),
        pytest.param({"unpacked": 1000}, zipped({"a": b"x" * 2000}), id="unpacked"),
        pytest.param({"text": 100}, b"x" * 200, id="text"),
        pytest.param({"depth": 1}, zipped({"a.zip": zipped({"b.zip": zipped({})})}), id="depth"),
        pytest.param({"memory": 256 << 20}, zipped({"a": b"\0" * (200 << 20)}), id="memory"),
    ],
)
def test_limits(limits: dict[str, int], octets: bytes):
    pool = Pool(Extraction(processes=1, **limits))  # type: ignore[arg-type] # all of them are numbers
    try:
        items = inspect(pool, octets)
    finally:
        pool.close()

    assert State.LIMIT in {item.state for item in items}


def test_files_of_one_message_share_its_budget(pool: Pool):
    budget = Budget(files=100, unpacked=1 << 20, text=10, seconds=20.0)

    states = [pool.inspect("file", b"12345", budget)[0].state for _ in range(4)]

    assert states == [State.READ, State.READ, State.LIMIT, State.LIMIT]


CONFINED = """
import os, resource, socket, sys
from postseal.content.confinement import confine
from postseal.settings.extraction import Extraction
held = confine(Extraction())
def refused(action):
    try:
        action()
    except OSError:
        return True
    return False
def connected():
    with socket.socket() as opened:
        opened.connect(("127.0.0.1", int(sys.argv[1])))
import encodings.cp1251
facts = {
    "limits": resource.getrlimit(resource.RLIMIT_AS)[0] == Extraction().memory,
    "write": refused(lambda: open("written", "w").write("x" * 100)),
    "read": refused(lambda: open("/etc/hostname").read()),
    "connect": refused(connected),
}
print(held, [name for name, good in facts.items() if not good])
"""


def test_confined_process_can_open_no_file_and_reach_no_network(tmp_path):
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", CONFINED, str(server.getsockname()[1])],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
    held, _, failed = done.stdout.strip().partition("] ")

    if "landlock" not in held:
        pytest.skip("this kernel has no Landlock")
    assert failed == "[]"
