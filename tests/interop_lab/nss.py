"""NSS: its cmsutil, over Debian's libraries or over those of Thunderbird."""

import os
import re
from pathlib import Path

from demo.pki import Person, pem
from interop_lab.peer import must, output, run, words
from interop_lab.store import PASSWORD, exported
from smime_lab import PEOPLE, ROOT

MAKES = {
    "encrypted: RSA": ("encrypt", "rsa"),
    "signed: RSA, around": ("sign", "rsa"),
    "signed: RSA, with all attributes": ("sign", "rsa"),
    "signed: P-256": ("sign", "p256"),
    "signed: P-384, around": ("sign", "p384"),
}
_MADE_BY_THUNDERBIRD = {
    "encrypted: P-256": ("encrypt", "p256"),
    "encrypted: P-384": ("encrypt", "p384"),
}


class Nss:
    """NSS with the libraries in *libraries*; those of Debian if None."""

    def __init__(self, place: Path, libraries: Path | None = None) -> None:
        self.name = "NSS (Thunderbird)" if libraries else "NSS (Debian)"
        self.makes = {**MAKES, **(_MADE_BY_THUNDERBIRD if libraries else {})}
        self._place = place
        self._libraries = libraries
        (place / "root.pem").write_bytes(pem(ROOT.certificate))
        # The store is made with Debian's tools; Thunderbird's libraries read it.
        must(run(*words("certutil -N -d sql:. --empty-password"), place=place))
        must(run(*words("certutil -A -d sql:. -n root -t ,C, -i root.pem"), place=place))
        for kind, person in PEOPLE.items():
            (place / "person.p12").write_bytes(exported(person, kind))
            command = ["pk12util", "-i", "person.p12", "-d", "sql:.", "-W", PASSWORD]
            must(run(*command, place=place), kind)

    @property
    def version(self) -> str:
        if self._libraries is None:
            query = ["dpkg-query", "-W", "-f", "${Version}", "libnss3"]
            return re.sub(r"^\d+:|-.*", "", must(run(*query, place=self._place)).decode())
        octets = (self._libraries / "libnss3.so").read_bytes()
        found = re.search(rb"\$Header: NSS ([\d.]+)|Version: NSS ([\d.]+)", octets)
        return (found[1] or found[2]).decode() if found else "unknown"

    def decrypts(self, octets: bytes, person: Person) -> bytes | None:
        (self._place / "in").write_bytes(octets)
        return output(self._place, "out", self._run("cmsutil -D -d sql:. -i in -o out"))

    def verifies(self, octets: bytes, content: bytes | None) -> bool:
        (self._place / "in").write_bytes(octets)
        command = "cmsutil -D -d sql:. -i in -o out"
        if content is not None:
            (self._place / "content").write_bytes(content)
            command += " -c content"
        return output(self._place, "out", self._run(command)) is not None

    def made(self, what: str, content: bytes, person: Person) -> bytes:
        (self._place / "content").write_bytes(content)
        (kind,) = (kind for kind, one in PEOPLE.items() if one is person)
        if what.startswith("encrypted"):
            command = f"cmsutil -E -d sql:. -i content -o out -r {kind}@example.com"
        else:
            command = f"cmsutil -S -d sql:. -i content -o out -N {kind} -H SHA256"
            command += "" if "around" in what else " -T"
            command += " -G -P" if "attributes" in what else " -G"
        return must(output(self._place, "out", self._run(command)), what)

    def _run(self, command: str) -> bytes | None:
        env = dict(os.environ)
        if self._libraries:
            env["LD_LIBRARY_PATH"] = str(self._libraries)
        return run(*words(command), place=self._place, env=env)
