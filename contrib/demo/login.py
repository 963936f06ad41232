"""Who may log in to the private Postfix: a server of Dovecot's authentication protocol, for AUTH PLAIN.

Postfix asks such a server over a Unix socket (SASL_README, "dovecot"); so SMTP AUTH is tried with the real
thing and nothing to install.  It knows the names and passwords given and nothing else.
"""

import base64
import threading
from collections.abc import Mapping
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingUnixStreamServer
from typing import Self


class Logins:
    """The server: a context manager.  *passwords*: login → password; *socket*: where it listens."""

    def __init__(self, socket: Path, passwords: Mapping[str, str]) -> None:
        self.socket = socket
        self.passwords = passwords

    def __enter__(self) -> Self:
        self._server = _Server(str(self.socket), _Connection)
        self._server.passwords = self.passwords
        self.socket.chmod(0o666)  # smtpd asks as user postfix
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.socket.unlink(missing_ok=True)


class _Server(ThreadingUnixStreamServer):
    # An smtpd keeps its connection as long as it lives; nobody waits for that.
    daemon_threads = True
    block_on_close = False
    passwords: Mapping[str, str]


class _Connection(StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.wfile.write(b"VERSION\t1\t0\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nDONE\n")
        while line := self.rfile.readline():
            verb, _, rest = line.decode().rstrip("\n").partition("\t")
            if verb == "AUTH":
                self.wfile.write(self._judge(rest).encode() + b"\n")

    def _judge(self, request: str) -> str:
        number, _mechanism, *parameters = request.split("\t")
        # `resp` comes last and is base64, which may end with the separator of name and value.
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        _, login, password = base64.b64decode(given.get("resp", "AAA=")).decode().split("\0")
        if login in self.server.passwords and self.server.passwords[login] == password:
            return f"OK\t{number}\tuser={login}"
        return f"FAIL\t{number}\tuser={login}"
