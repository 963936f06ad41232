"""Ends submissions in a process of its own, so that a copy is noted even if its worker dies meanwhile.

The last line of a copy makes the listener take it, and putting it on disk is most of the listener's work.
A worker that dies before it has noted the 250 would leave nobody who knows that the copy was taken; the next
try would send it again.  So the worker hands the connection over, with what to note, to a process that
does nothing else: no mail is read there, and no cryptography is done.  Where it cannot be reached, the
worker does it by itself.
"""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from postseal import log
from postseal.errors import Cause, Failure
from postseal.store.journal import Journal

_log = logging.getLogger(__name__)

_ORDER_OCTETS: Final = 1 << 17
"""The longest order; the keys of more recipients than it holds are noted by the worker itself."""
_REPLY_OCTETS: Final = 1 << 16
_PATIENCE: Final = (0.0, 0.2, 1.0, 3.0)
"""Seconds before each try to note: a database that restarts is back by then."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be noted at the 250: that *owner* submitted *keys*, until *keep* later.

    *until*: when others may claim them; what cannot be answered by then must not be ended any more.
    """

    keys: Collection[bytes]
    owner: str
    keep: timedelta
    until: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """What the listener said to the end of data, and whether that has been noted, and is ours to note."""

    code: int
    text: bytes
    noted: bool


class Unreachable(Exception):
    """Nobody ends submissions for us; nothing has been sent."""


class Finisher:
    """The worker's end of *channel*; threads may share it."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def finish(self, connection: socket.socket, note: Note, *, timeout: float) -> Ended:
        """Have the last line sent over *connection*, and *note* noted if it is answered 250.

        *timeout*: seconds for the answer.  Raises Unreachable; Failure if it is too late, and nothing has
        been sent; or OSError if it is not known how it ended.
        """
        facts = {
            "keys": [each.hex() for each in note.keys],
            "owner": note.owner,
            "keep": note.keep.total_seconds(),
            "until": note.until.timestamp(),
            "timeout": timeout,
        }
        order = json.dumps(facts).encode()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            if len(order) > _ORDER_OCTETS:
                raise Unreachable
            try:
                socket.send_fds(self._channel, [order], [connection.fileno(), theirs.fileno()])
            except OSError:
                raise Unreachable from None
            theirs.close()
            ours.settimeout(
                4 * timeout + 60
            )  # it has limits of its own; this one is for a process that hangs
            told = bytearray()
            while piece := ours.recv(_REPLY_OCTETS):
                told += piece
        if not told:
            raise ConnectionError("no answer to the end of data")
        known = json.loads(told)
        if known["late"]:
            raise Failure(Cause.SUBMISSION, "this attempt took too long to end; another may have taken over")
        return Ended(known["code"], known["text"].encode("utf-8", "surrogateescape"), known["noted"])


def forked(
    journal: Callable[[], Journal], clock: Callable[[], datetime], *, closing: Sequence[int] = ()
) -> Finisher | None:
    """A finisher in a new process, which keeps none of the descriptors *closing*; None if there can be none.

    *journal* is opened in there.  Must be called before there are threads and connections.
    """
    ours, theirs = channel()
    try:
        pid = os.fork()
    except OSError as error:
        _log.error("%s", log.line(event="no_finisher", worker=os.getpid(), why=error))
        return None
    if pid == 0:
        try:
            for number in (signal.SIGTERM, signal.SIGINT):  # it ends with what it works for, and after it
                signal.signal(number, signal.SIG_IGN)
            for descriptor in (ours.fileno(), *closing):
                os.close(descriptor)
            serve(theirs, journal(), clock)
        finally:
            os._exit(1)
    theirs.close()
    return Finisher(ours)


def channel() -> tuple[socket.socket, socket.socket]:
    """Both ends of a new one: the worker's, and that of the process that ends its submissions."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def serve(orders: socket.socket, journal: Journal, clock: Callable[[], datetime]) -> NoReturn:
    """End submissions until the worker is gone and all are ended, then exit the process."""
    busy: list[threading.Thread] = []
    while True:
        try:
            order, descriptors, _, _ = socket.recv_fds(orders, _ORDER_OCTETS, 2)
        except OSError:
            break
        if not order:
            break
        thread = threading.Thread(target=_end, args=(order, descriptors, journal, clock), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the process may have no more threads
            thread.run()
        busy = [thread, *(each for each in busy if each.is_alive())]
    for thread in busy:
        if thread.is_alive():
            thread.join()
    os._exit(0)


def _end(order: bytes, descriptors: list[int], journal: Journal, clock: Callable[[], datetime]) -> None:
    connection, worker = (socket.socket(fileno=each) for each in descriptors)
    facts = json.loads(order)
    note = Note(
        [bytes.fromhex(each) for each in facts["keys"]],
        facts["owner"],
        timedelta(seconds=facts["keep"]),
        datetime.fromtimestamp(facts["until"], UTC),
    )
    timeout = facts["timeout"]
    with connection, worker:
        connection.settimeout(timeout)
        if clock() + timedelta(seconds=timeout) > note.until:
            # The worker was stopped on the way here; whoever took over sends this copy, too.
            _tell(worker, late=True)
            return
        try:
            code, text = _last_line(connection)
        except (OSError, ValueError):
            return  # the worker reads the end, and knows as little
        noted = _noted(note, journal, clock) if code in {250, 251} else False
        _tell(worker, code=code, text=text.decode("utf-8", "surrogateescape"), noted=bool(noted))
    # Whoever waits need not wait for that; but as long as nobody else may take over, it is worth trying.
    while noted is None and clock() < note.until:
        time.sleep(_PATIENCE[-1])
        noted = _noted(note, journal, clock, patience=(0.0,))


def _tell(worker: socket.socket, *, late: bool = False, **facts: object) -> None:
    with suppress(OSError):  # the worker has died: that is what we are here for
        worker.sendall(json.dumps({"late": late, **facts}).encode())


def _last_line(connection: socket.socket) -> tuple[int, bytes]:
    """What the listener answers to it (RFC 5321 §4.2.1).  Raises OSError, or ValueError for no reply."""
    connection.sendall(b".\r\n")
    with connection.makefile("rb") as replies:
        lines = [replies.readline(_REPLY_OCTETS)]
        while lines[-1][3:4] == b"-":
            lines.append(replies.readline(_REPLY_OCTETS))
    return int(lines[-1][:3]), b" ".join(line[4:].strip() for line in lines)


def _noted(
    note: Note, journal: Journal, clock: Callable[[], datetime], *, patience: Sequence[float] = _PATIENCE
) -> bool | None:
    """Whether it is noted now; False if it is somebody else's by now, None if the store does not answer."""
    for seconds in patience:
        time.sleep(seconds)
        try:
            lost = journal.done(note.keys, owner=note.owner, at=clock(), keep=note.keep)
        except Failure as failure:
            _log.error("%s", log.line(event="not_noted", recipients=len(note.keys), why=failure.detail))
        else:
            if lost:
                _log.error("%s", log.line(event="claim_lost", recipients=len(lost)))
            return not lost
    return None
