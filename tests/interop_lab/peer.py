"""What is asked of another implementation of CMS."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from demo.pki import Person


class Peer(Protocol):
    """Another implementation.  Octets in and out are whole CMS messages in DER or BER."""

    name: str
    makes: Mapping[str, tuple[str, str]]
    """What it makes: name → the verb ("encrypt" or "sign") and the kind of key of the person it takes."""

    @property
    def version(self) -> str:
        """The version, for people."""
        ...

    def decrypts(self, octets: bytes, person: Person) -> bytes | None:
        """The content, opened with the key of *person*; None if it cannot."""
        ...

    def verifies(self, octets: bytes, content: bytes | None) -> bool:
        """Whether the signatures are good, and their chains; *content*: where it stands beside."""
        ...

    def made(self, what: str, content: bytes, person: Person) -> bytes:
        """*content* made into *what*, for or by *person*."""
        ...


def run(*command: str, place: Path, env: Mapping[str, str] | None = None, given: str = "") -> bytes | None:
    """What a command prints, *given* its input; None if it fails."""
    done = subprocess.run(
        command, cwd=place, capture_output=True, env=env, input=given.encode(), timeout=120, check=False
    )
    return done.stdout if done.returncode == 0 else None


def must(found: bytes | None, why: object = "") -> bytes:
    assert found is not None, why
    return found


def output(place: Path, name: str, ran: bytes | None) -> bytes | None:
    """The file that a command has written; None if it failed or wrote none."""
    path = place / name
    try:
        return path.read_bytes() if ran is not None and path.exists() else None
    finally:
        path.unlink(missing_ok=True)


def words(text: str) -> Sequence[str]:
    return text.split()
