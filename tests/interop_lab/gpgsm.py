"""gpgsm of GnuPG, with a home and an agent of its own."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes

from demo.pki import Person, pem
from interop_lab.peer import must, output, run
from interop_lab.store import PASSWORD, exported
from smime_lab import PEOPLE, ROOT


class Gpgsm:
    """gpgsm; it gets the RSA key alone, because 2.2 crashes on PKCS #12 files with others."""

    name: Final = "gpgsm"
    makes: Final = {"encrypted: RSA": ("encrypt", "rsa"), "signed: RSA": ("sign", "rsa")}

    def __init__(self, place: Path) -> None:
        self._place = place
        # The path of the agent's socket must be short.
        self._home = Path(tempfile.mkdtemp(prefix="gpgsm"))
        self._env = {**os.environ, "GNUPGHOME": str(self._home)}
        fingerprint = ROOT.certificate.fingerprint(hashes.SHA1()).hex(":").upper()
        (self._home / "trustlist.txt").write_text(f"{fingerprint} S relax\n")
        (self._home / "gpgsm.conf").write_text("disable-crl-checks\ndisable-dirmngr\n")
        (self._home / "gpg-agent.conf").write_text("allow-loopback-pinentry\n")
        (place / "certificates.pem").write_bytes(
            pem(ROOT.certificate, *(person.certificate for person in PEOPLE.values()))
        )
        must(self._run("--import", "certificates.pem"))
        (place / "person.p12").write_bytes(exported(PEOPLE["rsa"], "rsa"))
        must(self._run("--import", "person.p12"))

    def close(self) -> None:
        """Stop the agent and remove the home."""
        subprocess.run(["gpgconf", "--kill", "all"], env=self._env, capture_output=True, check=False)
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def version(self) -> str:
        return must(self._run("--version")).decode().split()[2]

    def decrypts(self, octets: bytes, person: Person) -> bytes | None:
        (self._place / "in").write_bytes(octets)
        found = self._run("--decrypt", "-o", "out", "in")
        return output(self._place, "out", found)

    def verifies(self, octets: bytes, content: bytes | None) -> bool:
        (self._place / "in").write_bytes(octets)
        if content is None:
            return self._run("--verify", "in") is not None
        (self._place / "content").write_bytes(content)
        return self._run("--verify", "in", "content") is not None

    def made(self, what: str, content: bytes, person: Person) -> bytes:
        (self._place / "content").write_bytes(content)
        if what.startswith("encrypted"):
            command = ["--encrypt", "-r", "rsa@example.com"]
        else:
            command = ["--detach-sign", "-u", "rsa@example.com"]
        return must(output(self._place, "out", self._run(*command, "-o", "out", "content")), what)

    def _run(self, *options: str) -> bytes | None:
        command = ["gpgsm", "--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback"]
        command += ["--passphrase-fd", "0", *options]
        return run(*command, place=self._place, env=self._env, given=PASSWORD)
