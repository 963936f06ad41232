"""Stands before the listener for copies and fails in its place: at any reply of a conversation, in any way.

Replies are counted as they come: the greeting is 1.  What is planned for a reply happens once, in the
first conversation that gets so far.

    451, 554   the command is not passed on, but refused
    drop       the same, and the connection breaks
    hang       the same, and nothing is said
    lost       the command is passed on, the reply is lost and the connection breaks
    mute       the command is passed on, and the reply is never heard
"""

import contextlib
import socket
import threading
from io import BufferedReader
from socketserver import StreamRequestHandler, ThreadingTCPServer

from demo.place import LOOPBACK

KINDS = ("451", "554", "drop", "hang", "lost", "mute")


class Listener:
    """The server: a context manager.  *behind*: the port of the real one; *longest*: replies ever counted."""

    def __init__(self, port: int, behind: int) -> None:
        self.port = port
        self.behind = behind
        self.longest = 0
        self._plan: dict[int, list[str]] = {}
        self._lock = threading.Lock()
        self._server: _Server | None = None

    def __enter__(self) -> "Listener":
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen."""
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections from now on; those that are open break."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            for connection in tuple(self._server.open):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._server = None

    def plan(self, kind: str, at: int) -> None:
        """Have *kind* happen to a reply number *at*."""
        with self._lock:
            self._plan.setdefault(at, []).append(kind)

    @property
    def planned(self) -> int:
        """What has not happened yet."""
        with self._lock:
            return sum(map(len, self._plan.values()))

    def forget(self) -> None:
        """Plan nothing any more."""
        with self._lock:
            self._plan.clear()

    def due(self, number: int) -> str:
        """What happens to this reply of a conversation, "" for nothing."""
        with self._lock:
            self.longest = max(self.longest, number)
            return self._plan[number].pop() if self._plan.get(number) else ""


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.open: set[socket.socket] = set()
        super().__init__((LOOPBACK, listener.port), _Conversation)


class _Conversation(StreamRequestHandler):
    server: _Server
    timeout = 60.0
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.open.add(self.connection)
        try:
            with socket.create_connection((LOOPBACK, self.server.listener.behind), 60) as behind:
                behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with behind.makefile("rb") as replies:
                    self._talk(behind, replies)
        except OSError:
            return
        finally:
            self.server.open.discard(self.connection)

    def _talk(self, behind: socket.socket, replies: BufferedReader) -> None:
        """One reply after the other; the octets that lead to it are passed on only if it is to come."""
        octets, number = b"", 0
        while True:
            number += 1
            fault = self.server.listener.due(number)
            if fault in {"", "lost", "mute"}:
                behind.sendall(octets)
                reply = _reply(replies)
            else:
                reply = {"451": b"451 4.3.0 injected\r\n", "554": b"554 5.3.0 injected\r\n"}.get(fault, b"")
            if fault in {"drop", "lost"}:
                return
            if fault in {"hang", "mute"}:
                self.connection.settimeout(30)
                self.rfile.read()  # until the client gives up
                return
            self.connection.sendall(reply)
            if not reply or fault:
                self.connection.settimeout(5)
                self.rfile.read(4096)  # it says QUIT, or not even that
                return
            octets = self._data() if reply.startswith(b"354") else self.rfile.readline()
            if not octets:
                return

    def _data(self) -> bytes:
        lines = []
        while line := self.rfile.readline():
            lines.append(line)
            if line == b".\r\n":
                return b"".join(lines)
        return b""


def _reply(replies: BufferedReader) -> bytes:
    lines = [replies.readline()]
    while lines[-1][3:4] == b"-":
        lines.append(replies.readline())
    return b"".join(lines)
