"""One connection to the sink: what is said in SMTP (RFC 5321), and the mail that came of it."""

import re
import socket
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedIOBase
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Protocol

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


class Keeper(Protocol):
    """Who decides what a connection answers, and keeps what arrives: `demo.sink.Sink`."""

    answers: dict[str, str]
    at_end_of_data: deque[str]
    tls: ssl.SSLContext | None
    extensions: tuple[str, ...]

    def keep(self, delivery: Delivery) -> None:
        """Take *delivery*, which is answered with 250 after that."""


class Server(ThreadingTCPServer):
    """Takes connections for *sink* at *address* and *port*, a thread each."""

    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, sink: Keeper, address: str, port: int) -> None:
        self.sink = sink
        self.connections: set[_Connection] = set()
        super().__init__((address, port), _Connection)

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in tuple(self.connections):
            with suppress(OSError):
                connection.connection.shutdown(socket.SHUT_RDWR)


class _HungUp(Exception):
    """We closed the connection on purpose."""


class _Connection(StreamRequestHandler):
    server: Server
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
