"""The secret that marks mail as ours: one file, made at the first start, the same after every restart.

Hosts that serve the same senders may share it: copy the file.  Keys are derived from it (HKDF, RFC 5869)
and are never the secret itself.  Neither is ever logged or part of an error.
"""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from postseal.errors import BadInput, Place, Problem

_OCTETS: Final = 32
_HINT: Final = "copy it again from the other host, or move it away: the next start makes another"


def ensure(path: Path) -> bool:
    """Make *path* if it is not there, closed to all others; whether it was made.  Raises BadInput."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = not path.exists() and _make(path)
    except OSError as error:
        raise _bad(path, f"the secret cannot be made: {error.strerror}", "name another file") from None
    load(path)
    return made


def load(path: Path) -> bytes:
    """The secret in *path*.  Raises BadInput if it is not one, or others may know or exchange it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            kept = stat.S_ISREG(facts.st_mode) and facts.st_uid in {0, os.geteuid()}
            if not kept or facts.st_mode & 0o077:
                what = "the secret must be a file of the daemon's user, closed to all others"
                raise _bad(path, what, f"chown {os.geteuid()} {path}; chmod 600 {path}")
            text = file.read(1024).strip()
    except OSError as error:
        raise _bad(path, f"the secret cannot be read: {error.strerror}", _HINT) from None
    try:
        octets = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        octets = b""
    if len(octets) < _OCTETS:
        raise _bad(path, f"expected {2 * _OCTETS} hexadecimal digits", _HINT)
    return octets


def derived(secret: bytes, purpose: str, octets: int) -> bytes:
    """The key of that many *octets* for one *purpose*."""
    return HKDF(SHA256(), octets, salt=None, info=f"postseal {purpose}".encode()).derive(secret)


def _make(path: Path) -> bool:
    """Write it aside and put it there whole, unless somebody else was faster."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret-") as aside:  # mode 0600
        aside.write(f"{secrets.token_hex(_OCTETS)}\n")
        aside.flush()
        os.fsync(aside.fileno())
        made = False
        with suppress(FileExistsError):
            path.hardlink_to(aside.name)
            made = True
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return made


def _bad(path: Path, what: str, hint: str) -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
