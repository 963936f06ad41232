"""A private OpenLDAP server below a directory, on loopback, with people and their certificates."""

import base64
import shutil
import subprocess
import time
from pathlib import Path
from typing import Self

from demo.place import free_port

PROGRAM = "/usr/sbin/slapd"
SUFFIX = "dc=example,dc=com"
MANAGER, PASSWORD = f"cn=manager,{SUFFIX}", "correct horse"
_SCHEMAS = ("core", "cosine", "inetorgperson")


def installed() -> bool:
    return shutil.which("slapd", path="/usr/sbin:/usr/bin") is not None


class Slapd:
    """Nobody may read without a password.  *tls*: certificate and key files, for ldaps."""

    def __init__(self, directory: Path, *, tls: tuple[Path, Path] | None = None) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        scheme = "ldaps" if tls else "ldap"
        self.url = f"{scheme}://127.0.0.1:{free_port()}"
        (directory / "data").mkdir()
        lines = [f"include /etc/ldap/schema/{name}.schema" for name in _SCHEMAS]
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", "allow bind_v2", "disallow bind_anon"]
        if tls:
            lines += [f"TLSCertificateFile {tls[0]}", f"TLSCertificateKeyFile {tls[1]}"]
        lines += ["database mdb", f"directory {directory / 'data'}", f'suffix "{SUFFIX}"']
        lines += [f'rootdn "{MANAGER}"', f'rootpw "{PASSWORD}"', "maxsize 16777216", "access to * by * auth"]
        self._conf = directory / "slapd.conf"
        self._conf.write_text("\n".join(lines) + "\n")
        self._add(f"dn: {SUFFIX}\nobjectClass: domain\ndc: example\n")

    def person(
        self, mail: str, certificates: tuple[bytes, ...], attribute: str = "userCertificate;binary"
    ) -> None:
        """Add a person with *certificates*; only while the server does not run."""
        values = "".join(f"{attribute}:: {base64.b64encode(one).decode()}\n" for one in certificates)
        name = base64.b64encode(mail.encode()).decode()
        self._add(
            f"dn: uid={mail},{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {mail}\ncn:: {name}\nsn:: {name}\n"
            f"mail: {mail}\n{values}"
        )

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([PROGRAM, "-f", str(self._conf), "-h", self.url, "-d", "0"])
        deadline = time.monotonic() + 60
        import ldap  # noqa: PLC0415

        while True:
            try:
                connection = ldap.initialize(self.url.replace("ldaps", "ldap"))
                connection.set_option(ldap.OPT_NETWORK_TIMEOUT, 1)
                connection.simple_bind_s(MANAGER, PASSWORD)
            except ldap.SERVER_DOWN:
                # With TLS a server that is there hangs up at once.
                if self.url.startswith("ldaps") and _listens(self.url):
                    return self
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("slapd did not come up") from None
                time.sleep(0.05)
            else:
                connection.unbind_s()
                return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(60)

    def _add(self, ldif: str) -> None:
        subprocess.run(
            ["/usr/sbin/slapadd", "-f", str(self._conf), "-q"],
            input=ldif.encode(),
            check=True,
            capture_output=True,
        )


def _listens(url: str) -> bool:
    import socket  # noqa: PLC0415

    host, _, port = url.rpartition("/")[2].rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
