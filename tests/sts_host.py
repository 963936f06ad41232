"""The host of a domain's MTA-STS policy (RFC 8461): `https://mta-sts.DOMAIN/.well-known/mta-sts.txt`."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager


def records(address: str) -> str:
    """What a zone says about it."""
    return f'_mta-sts IN TXT "v=STSv1; id=1;"\nmta-sts IN A {address}\n'


class _Asked(http.server.BaseHTTPRequestHandler):
    server: "_Server"

    def do_GET(self) -> None:
        found = self.path == "/.well-known/mta-sts.txt"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(self.server.text.encode() if found else b"")

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 (the name of the base class)
        pass


class _Server(http.server.ThreadingHTTPServer):
    text = ""

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not like the certificate go away."""


@contextmanager
def serving(address: str, policy: tuple[str, str], context: ssl.SSLContext) -> Iterator[None]:
    """The host at *address*, with a *policy* of this mode that names this server."""
    mode, mx = policy
    with _Server((address, 443), _Asked) as host:
        host.text = f"version: STSv1\r\nmode: {mode}\r\n{f'mx: {mx}' if mx else ''}\r\nmax_age: 604800\r\n"
        host.socket = context.wrap_socket(host.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=host.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield
        host.shutdown()
        thread.join()
