"""A mail server that takes a mail and keeps its answer back, so that its client can be killed meanwhile."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from demo.place import LOOPBACK


@dataclass
class Listener:
    """Takes every copy, and says so when it may.  *copies*: how many; *held*: that the first is here."""

    server: socket.socket
    reply: bytes = b"250 taken"
    copies: int = 0
    held: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def port(self) -> int:
        """The loopback port on which it listens."""
        return int(self.server.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the server is shut down."""
        with suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            connection.sendall(b"220 hello\r\n")
            for line in lines:
                if line.startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    while lines.readline() != b".\r\n":
                        pass
                    self.copies += 1
                    self.held.set()
                    self.may_answer.wait(120)
                    connection.sendall(self.reply + b"\r\n")
                else:
                    connection.sendall(b"250 ok\r\n")


@contextmanager
def listening() -> Iterator[Listener]:
    """One that runs."""
    with socket.create_server((LOOPBACK, 0)) as server:
        started = Listener(server)
        threading.Thread(target=started.serve, daemon=True).start()
        yield started
        started.may_answer.set()
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
