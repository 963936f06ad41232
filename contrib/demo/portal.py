"""A portal of our own: `postseal portal` on loopback, with TLS and a certificate made on the spot.

It reads the settings file of a `Daemon`, or any other that `settings` was added to, and runs as a `Service`.
"""

import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from demo.pki import key_pem, new_key, pem
from demo.place import LOOPBACK, free_port
from demo.service import LIMIT, Service
from postseal.sealed import keyfile


class Portal(Service):
    """`postseal portal` below *directory*, for the settings file *settings_file*, once it is there.

    *more*, *ome*: lines for the sections of that name.  *public*: the port at which a web server stands in
    front of it, and speaks TLS in its place; 0 for none.
    """

    def __init__(
        self, directory: Path, settings_file: Path, *, more: str = "", ome: str = "", public: int = 0
    ) -> None:
        super().__init__(directory, directory / "portal.log")
        self.port, self.metrics_port = free_port(), free_port()
        self.settings_file = settings_file
        self._more, self._ome, self._public = more, ome, public
        directory.mkdir(exist_ok=True)
        keyfile.create(directory / "master.keys", datetime.now(UTC))
        _certificate(directory / "portal.pem", directory / "portal.key")

    @property
    def program(self) -> Sequence[str | Path]:
        """The words of `postseal portal`."""
        return "-m", "postseal", "portal", "--settings", self.settings_file

    @property
    def address(self) -> str:
        """As browsers know it."""
        return f"https://localhost:{self._public or self.port}"

    @property
    def settings(self) -> str:
        """What the settings file must say."""
        tls = f"  certificate: {self.directory}/portal.pem\n  key: {self.directory}/portal.key\n"
        tls = "" if self._public else tls
        return (
            f"ome:\n  portal: {self.address}\n  master_keys: file:{self.directory}/master.keys\n{self._ome}"
            f"portal:\n  listen: {LOOPBACK}:{self.port}\n  metrics: {LOOPBACK}:{self.metrics_port}\n"
            f"{tls}"
            f"  spool_directory: {self.directory}/spool\n{self._more}"
        )

    def private(self, path: str) -> tuple[int, str]:
        """Status and text of *path* at the address for the administrator's machines."""
        try:
            with urllib.request.urlopen(
                f"http://{LOOPBACK}:{self.metrics_port}{path}", timeout=LIMIT
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


def _certificate(certificate: Path, key_file: Path) -> None:
    """A certificate for this host alone that certifies itself."""
    key, now = new_key("p256"), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(LOOPBACK))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate.write_bytes(pem(made))
    key_file.touch(mode=0o600)
    key_file.write_bytes(key_pem(key))
