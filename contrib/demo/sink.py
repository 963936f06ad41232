"""Where mail ends in tests and demo: an SMTP server on loopback that keeps the exact octets it is sent.

One thread per connection.  It takes any size, any line length, SMTPUTF8, 8BITMIME and the DSN
parameters, and it can be told to refuse, or to hang up.  It never forwards anything.
"""

import re
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedIOBase
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Self

from demo.place import LOOPBACK
from postseal.envelope import Recipient

HANG_UP = ""
"""In place of a reply: the connection is closed without one."""

_LINE = 1 << 16
"""Octets read at a time; a longer line comes in pieces."""

_COMMAND = re.compile(rb"(MAIL FROM|RCPT TO): ?<([^>]*)>(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail that arrived.  *content*: what was sent after DATA, dots unstuffed, nothing else changed.

    *tls*: the protocol version, "" in clear.  *hello*: what the client called itself.
    """

    sender: str
    parameters: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    content: bytes
    hello: str
    tls: str

    @property
    def addresses(self) -> tuple[str, ...]:
        """The recipients' addresses."""
        return tuple(recipient.address for recipient in self.recipients)


class Sink:
    """The server: a context manager, or `start` and `stop`.

    *answers*: recipient → the reply to its RCPT TO in place of 250.  *at_end_of_data*: replies to the
    next mails, one each, in place of 250; a mail answered otherwise is not kept.  `HANG_UP` serves in both.
    *tls*: offers STARTTLS with this server context.  *extensions*: more to
    announce after STARTTLS.  *address*, *port*: where to listen; 0: any free port.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        extensions: tuple[str, ...] = (),
        address: str = LOOPBACK,
        port: int = 0,
    ) -> None:
        self.answers: dict[str, str] = {}
        self.at_end_of_data: deque[str] = deque()
        self.tls = tls
        self.extensions = extensions
        self._arrived = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._server = _Server(self, address, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The loopback port on which the sink listens."""
        return int(self._server.server_address[1])

    @property
    def next_hop(self) -> str:
        """The sink as Postfix names a next hop."""
        return f"[{LOOPBACK}]:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """What has arrived and was not taken, in order."""
        with self._arrived:
            return tuple(self._deliveries)

    def take(self, count: int = 1, *, seconds: float = 60.0) -> tuple[Delivery, ...]:
        """The next *count* mails, waiting until they are here.  Raises TimeoutError."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self._deliveries) >= count, seconds):
                raise TimeoutError(f"{len(self._deliveries)} of {count} mails arrived in {seconds} s")
            taken, self._deliveries[:count] = tuple(self._deliveries[:count]), []
            return taken

    def take_one(self, *, seconds: float = 60.0) -> Delivery:
        """The next mail, waiting until it is here.  Raises TimeoutError."""
        return self.take(seconds=seconds)[0]

    def is_quiet(self, seconds: float = 0.5) -> bool:
        """Whether nothing waits here and nothing arrives within *seconds*."""
        with self._arrived:
            return not self._arrived.wait_for(lambda: self._deliveries, seconds)

    def keep(self, delivery: Delivery) -> None:
        """Add *delivery* to what has arrived."""
        with self._arrived:
            self._deliveries.append(delivery)
            self._arrived.notify_all()


class _Server(ThreadingTCPServer):
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, sink: Sink, address: str, port: int) -> None:
        self.sink = sink
        self.connections: set[_Connection] = set()
        super().__init__((address, port), _Connection)

    def hang_up(self) -> None:
        for connection in tuple(self.connections):
            with suppress(OSError):
                connection.connection.shutdown(socket.SHUT_RDWR)


class _HungUp(Exception):
    """We closed the connection on purpose."""


class _Connection(StreamRequestHandler):
    server: _Server
    timeout = 120.0
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self._streams: list[BufferedIOBase] = []
        self._hello = ""
        self._tls = ""
        self._reset()
        self.server.connections.add(self)

    def handle(self) -> None:
        try:
            self._reply("220 sink.test ESMTP")
            while line := self.rfile.readline(_LINE):
                verb = line[:4].upper().decode("latin-1")
                if verb == "QUIT":
                    self._reply("221 2.0.0 bye")
                    return
                self._commands.get(verb, _Connection._unknown)(self, line.rstrip(b"\r\n"))
        except (_HungUp, OSError):
            return

    def _reset(self) -> None:
        self._sender: str | None = None
        self._parameters: tuple[str, ...] = ()
        self._recipients: list[Recipient] = []

    def _reply(self, text: str) -> None:
        if text == HANG_UP:
            raise _HungUp
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def _helo(self, line: bytes) -> None:
        self._hello = line[5:].decode("utf-8", "replace")
        self._reset()
        self._reply("250 sink.test")

    def _ehlo(self, line: bytes) -> None:
        self._hello = line[5:].decode("utf-8", "replace")
        self._reset()
        words = ["sink.test", "PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]
        if self.server.sink.tls and not self._tls:
            words.append("STARTTLS")
        if self._tls:
            words += self.server.sink.extensions
        self._reply("\r\n".join([*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"]))

    def _starttls(self, _line: bytes) -> None:
        context = self.server.sink.tls
        if context is None or self._tls:
            self._reply("502 5.5.1 no")
            return
        self._reply("220 2.0.0 go on")
        secure = context.wrap_socket(self.connection, server_side=True)
        self.connection = secure
        self.rfile = secure.makefile("rb")
        self.wfile = secure.makefile("wb")
        self._streams += [self.rfile, self.wfile]
        self._tls = secure.version() or ""
        self._reset()

    def finish(self) -> None:
        self.server.connections.discard(self)
        with suppress(OSError):  # who hangs up in the middle of TLS cannot be told that we do, too
            super().finish()
        for stream in self._streams:
            stream.close()
        self.connection.close()

    def _mail(self, line: bytes) -> None:
        self._sender, self._parameters = _path(line)
        self._reply("250 2.1.0 ok")

    def _rcpt(self, line: bytes) -> None:
        address, parameters = _path(line)
        reply = self.server.sink.answers.get(address, "250 2.1.5 ok")
        if reply.startswith("2"):
            self._recipients.append(Recipient(address, parameters))
        self._reply(reply)

    def _data(self, _line: bytes) -> None:
        if self._sender is None or not self._recipients:
            self._reply("503 5.5.1 no recipients")
            return
        self._reply("354 go on")
        content = self._content()
        sink = self.server.sink
        reply = sink.at_end_of_data.popleft() if sink.at_end_of_data else "250 2.0.0 kept"
        if reply.startswith("2"):
            recipients = tuple(self._recipients)
            sink.keep(Delivery(self._sender, self._parameters, recipients, content, self._hello, self._tls))
        self._reset()
        self._reply(reply)

    def _content(self) -> bytes:
        content = bytearray()
        begins = True
        while (piece := self.rfile.readline(_LINE)) != b".\r\n" or not begins:
            if not piece:
                raise _HungUp
            content += piece[1:] if begins and piece.startswith(b".") else piece
            # A bare LF ends no line (RFC 5321 §2.3.8), so what follows it is no place for a dot.
            begins = content.endswith(b"\r\n")
        return bytes(content)

    def _rset(self, _line: bytes) -> None:
        self._reset()
        self._reply("250 2.0.0 ok")

    def _noop(self, _line: bytes) -> None:
        self._reply("250 2.0.0 ok")

    def _unknown(self, _line: bytes) -> None:
        self._reply("502 5.5.1 unknown")

    _commands: dict[str, Callable[["_Connection", bytes], None]] = {  # noqa: RUF012 (never changed)
        "EHLO": _ehlo,
        "HELO": _helo,
        "STAR": _starttls,
        "MAIL": _mail,
        "RCPT": _rcpt,
        "DATA": _data,
        "RSET": _rset,
        "NOOP": _noop,
    }


def _path(line: bytes) -> tuple[str, tuple[str, ...]]:
    """The address and the ESMTP parameters of MAIL FROM or RCPT TO."""
    command = _COMMAND.match(line)
    if command is None:
        return "", ()
    _, address, parameters = command.groups()
    return address.decode("utf-8", "replace"), tuple(parameters.decode("latin-1").split())
