"""A certification authority on the web: its revocation list, its responder, and whatever else a test says.

with AuthorityServer(authority) as server:
    ann = authority.issue("ann@example.com", extensions=server.extensions)
    server.revoked.add(ann.certificate.serial_number)
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from demo.pki import Authority, Extensions, Person

Answer = tuple[int, bytes]


class AuthorityServer:
    """Listens on loopback; *answers* by path go before the list at /list and the responder at /ocsp."""

    def __init__(self, authority: Authority, *, responder: Person | None = None) -> None:
        self.authority = authority
        self.responder = responder or authority
        self.revoked: dict[int, x509.Certificate] = {}
        self.answers: dict[str, Callable[[bytes], Answer]] = {}
        self.asked: list[str] = []
        self.now = lambda: datetime.now(UTC)
        self.delegated = responder is not None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(b"")

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, question: bytes) -> None:
                outer.asked.append(self.path)
                code, octets = outer.answer(self.path, question)
                self.send_response(code)
                if code in {301, 302}:
                    self.send_header("Location", octets.decode())
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def list_extension(self) -> Extensions:
        """What names the list in a certificate."""
        return [(_points(f"{self.url}/list"), False)]

    @property
    def responder_extension(self) -> Extensions:
        """What names the responder in a certificate."""
        place = x509.UniformResourceIdentifier(f"{self.url}/ocsp")
        access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
        return [(x509.AuthorityInformationAccess([access]), False)]

    def revoke(self, certificate: x509.Certificate) -> None:
        """Say from now on that it is revoked."""
        self.revoked[certificate.serial_number] = certificate

    def answer(self, path: str, question: bytes) -> Answer:
        if path in self.answers:
            return self.answers[path](question)
        if path == "/list":
            return 200, self.authority.crl(*self.revoked.values())
        if path == "/ocsp":
            return 200, self.response(question)
        return 404, b"no such thing"

    def response(self, question: bytes) -> bytes:
        """What the responder answers."""
        asked = ocsp.load_der_ocsp_request(question)
        at = self.now()
        revoked = asked.serial_number in self.revoked
        builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
            issuer_name_hash=asked.issuer_name_hash,
            issuer_key_hash=asked.issuer_key_hash,
            serial_number=asked.serial_number,
            algorithm=asked.hash_algorithm,
            cert_status=ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD,
            this_update=at - timedelta(hours=1),
            next_update=at + timedelta(hours=1),
            revocation_time=at - timedelta(hours=1) if revoked else None,
            revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.responder.certificate)
        if self.delegated:
            builder = builder.certificates([self.responder.certificate])
        assert not isinstance(self.responder.key, ed25519.Ed25519PrivateKey)
        signed = builder.sign(self.responder.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)


def _points(url: str) -> x509.CRLDistributionPoints:
    name = x509.UniformResourceIdentifier(url)
    return x509.CRLDistributionPoints([x509.DistributionPoint([name], None, None, None)])
