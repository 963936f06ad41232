"""A portal of our own: `postseal portal` on loopback, with TLS and a certificate made on the spot.

It reads the settings file of a `Daemon`, or any other that `settings` was added to.  What it logs is kept in
a file.  One that does not come up raises `NotStarted` with its words.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from demo.daemon import LIMIT, NotStarted
from demo.pki import key_pem, new_key, pem
from demo.place import LOOPBACK, free_port
from postseal.sealed import keyfile


class Portal:
    """`postseal portal` below *directory*, for the settings file *settings_file*, once it is there.

    *more*, *ome*: lines for the sections of that name.  *public*: the port at which a web server stands in
    front of it, and speaks TLS in its place; 0 for none.
    """

    def __init__(
        self, directory: Path, settings_file: Path, *, more: str = "", ome: str = "", public: int = 0
    ) -> None:
        self.directory = directory
        self.port, self.metrics_port = free_port(), free_port()
        self.log_file = directory / "portal.log"
        self.settings_file = settings_file
        self._more, self._ome, self._public = more, ome, public
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(exist_ok=True)
        keyfile.create(directory / "master.keys", datetime.now(UTC))
        _certificate(directory / "portal.pem", directory / "portal.key")

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

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start, and return when it is ready.  Raises NotStarted."""
        told = self.directory / "notify.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, self.log_file.open("ab") as log:
            told.unlink(missing_ok=True)
            ready.bind(str(told))
            ready.settimeout(0.1)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "postseal", "portal", "--settings", str(self.settings_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"NOTIFY_SOCKET": str(told)},
            )
            deadline = time.monotonic() + LIMIT
            while True:
                try:
                    if b"READY=1" in ready.recv(4096):
                        return
                except TimeoutError:
                    if self._process.poll() is not None or time.monotonic() > deadline:
                        self.stop()
                        raise NotStarted(self.log()) from None

    def stop(self, number: int = signal.SIGTERM) -> int | None:
        """Ask it to stop, and wait; its exit code.  Harmless if it does not run."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            return process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def log(self) -> str:
        """What it has logged so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

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
