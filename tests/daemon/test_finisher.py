"""A worker that dies while the listener takes a copy leaves a note of it behind: nobody gets it twice."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.daemon import Daemon
from holding_listener import Listener, listening
from milterprotocol import Mail, MilterClient
from postseal.errors import Failure
from postseal.finisher import Finisher, Note, channel
from postseal.store.engine import Store
from postseal.store.journal import Count, Journal
from postseal.store.migrate import migrate
from processes import alive, children, eventually, known

POLICY = "rules: [{name: bob, when: {recipient: bob@x.test}, then: [add_header: {X-Bob: 'yes'}]}]"
MAIL = Mail(
    ((b"From", b" ann@x.test"), (b"Message-ID", b" <1@x.test>")),
    recipients=(b"<bob@x.test>", b"<cat@x.test>"),
)
SETTINGS = "workers: 1\nsubmit_timeout: 60s\nstore_timeout: 60s\n"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as started:
        yield started


@contextmanager
def running(directory: Path, listener: Listener) -> Iterator[Daemon]:
    with Daemon(
        directory, policies={"1.yaml": POLICY}, settings=SETTINGS, submit_port=listener.port
    ) as started:
        yield started


def tell(daemon: Daemon) -> str:
    """Have the mail treated; `continue` if it is taken."""
    with closing(MilterClient(f"unix:{daemon.socket}", seconds=120)) as client:
        return client.transaction(MAIL).verdict


def begin(daemon: Daemon, listener: Listener) -> tuple[int, int]:
    """Have the mail treated until the listener has it, and says nothing; the worker and its finisher."""
    (worker,) = known(daemon).workers

    def attempt() -> None:
        with suppress(OSError, EOFError):
            tell(daemon)

    threading.Thread(target=attempt, daemon=True).start()
    assert listener.held.wait(60)
    (finisher,) = children(worker)
    return worker, finisher


def noted(daemon: Daemon) -> Count:
    """What the journal holds."""
    with closing(Store(f"sqlite:///{daemon.directory}/store/store.sqlite", timeout=60)) as store:
        return Journal(store).count()


def test_worker_that_dies_while_the_listener_takes_a_copy_does_not_send_it_again(
    directory: Path, listener: Listener
) -> None:
    with running(directory, listener) as daemon:
        worker, finisher = begin(daemon, listener)

        os.kill(worker, signal.SIGKILL)
        eventually(lambda: not alive(worker))
        assert alive(finisher)
        assert tell(daemon) != "continue", "the copy is under way"
        listener.may_answer.set()

        eventually(lambda: not alive(finisher))
        # The copy is done; the claim of what would have stayed ends with the lease.
        assert noted(daemon) == Count(claimed=1, done=1)
        assert listener.copies == 1


def test_worker_that_dies_while_the_listener_refuses_a_copy_leaves_no_note(
    directory: Path, listener: Listener
) -> None:
    listener.reply = b"451 later"
    with running(directory, listener) as daemon:
        worker, finisher = begin(daemon, listener)

        os.kill(worker, signal.SIGKILL)
        listener.may_answer.set()
        eventually(lambda: not alive(finisher))

        assert noted(daemon) == Count(claimed=2, done=0)


def test_finisher_that_dies_leaves_a_worker_that_does_it_by_itself(
    directory: Path, listener: Listener
) -> None:
    listener.may_answer.set()
    with running(directory, listener) as daemon:
        (worker,) = known(daemon).workers
        (finisher,) = eventually(lambda: children(worker))

        os.kill(finisher, signal.SIGKILL)
        eventually(lambda: not alive(finisher))

        assert [tell(daemon) for _ in range(2)] == ["continue"] * 2
        assert listener.copies == 1
        assert known(daemon).workers == [worker]


def test_finisher_that_dies_with_a_copy_nobody_knows_and_the_lease_is_waited_for(
    directory: Path, listener: Listener
) -> None:
    with running(directory, listener) as daemon:
        _, finisher = begin(daemon, listener)

        os.kill(finisher, signal.SIGKILL)
        eventually(lambda: "no answer to the end of data" in daemon.log())

        assert tell(daemon) != "continue"
        assert listener.copies == 1


@contextmanager
def finisher(directory: Path, *, wait: float = 60) -> Iterator[Finisher]:
    """One of its own, whose store is in *directory*."""
    dsn = f"sqlite:///{directory}/store/store.sqlite"
    migrate(dsn)
    ours, theirs = channel()
    program = (
        "import socket; from postseal.daemon.house import now; from postseal.finisher import serve\n"
        "from postseal.store.engine import Store; from postseal.store.journal import Journal\n"
        f"serve(socket.socket(fileno={theirs.fileno()}), Journal(Store({dsn!r}, timeout={wait})), now)"
    )
    with ours, theirs:
        process = subprocess.Popen([sys.executable, "-c", program], pass_fds=[theirs.fileno()])
        theirs.close()
        yield Finisher(ours)
        ours.close()
        assert process.wait(60) == 0


def test_finisher_that_hears_too_late_of_a_copy_does_not_end_it(directory: Path) -> None:
    left, right = socket.socketpair()
    with finisher(directory) as ends, left, right:
        late = Note([bytes(32)], "me", timedelta(days=7), datetime.now(UTC) + timedelta(seconds=9))
        with pytest.raises(Failure, match="took too long"):
            ends.finish(left, late, timeout=10)
        left.close()

        assert right.recv(10) == b""


def test_finisher_says_when_the_note_was_no_longer_ours(directory: Path) -> None:
    left, right = socket.socketpair()
    with finisher(directory) as ends, left, right:
        right.sendall(b"250 taken\r\n")
        note = Note([bytes(32)], "me", timedelta(days=7), datetime.now(UTC) + timedelta(days=1))

        ended = ends.finish(left, note, timeout=10)  # nobody has claimed this key

        assert (ended.code, ended.noted) == (250, False)
        assert right.recv(10) == b".\r\n"


def test_finisher_notes_what_was_taken_when_the_store_is_back_though_nobody_waits_for_it(
    directory: Path,
) -> None:
    left, right = socket.socketpair()
    with finisher(directory, wait=0.5) as ends, left, right:
        place = directory / "store" / "store.sqlite"
        with closing(Store(f"sqlite:///{place}", timeout=60)) as store:
            journal, at = Journal(store), datetime.now(UTC)
            journal.claim([bytes(32)], owner="me", at=at, lease=timedelta(hours=1))
            right.sendall(b"250 taken\r\n")
            with closing(sqlite3.connect(place, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                note = Note([bytes(32)], "me", timedelta(days=7), at + timedelta(hours=1))
                ended = ends.finish(left, note, timeout=10)
                other.execute("ROLLBACK")

            assert (ended.code, ended.noted) == (250, False)
            eventually(lambda: journal.count() == Count(claimed=0, done=1))


def test_finisher_goes_with_its_worker(directory: Path, listener: Listener) -> None:
    with running(directory, listener) as daemon:
        (worker,) = known(daemon).workers
        (finisher,) = eventually(lambda: children(worker))

        assert daemon.reload().reload.good

        eventually(lambda: not alive(worker))
        eventually(lambda: not alive(finisher))
