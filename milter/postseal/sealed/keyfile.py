"""Master keys in a file: a line for each, `NAME KEY` with 64 hexadecimal digits; the last is the current.

    # comments and blank lines are passed over
    2026-11-24 0f1e…

The file must be ours or root's alone: what others may read is refused.  systemd hands such a file to a
service as a credential.  Rotation writes it anew, whole, and renames it into place.
"""

import logging
import os
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import Final

from postseal import log
from postseal.errors import BadInput, Place, Problem
from postseal.sealed.container import KEY_OCTETS
from postseal.sealed.master import NAME_CHARACTERS, LocalKeys, Wrapped

_log = logging.getLogger(__name__)

_LINE: Final = re.compile(rb"([A-Za-z0-9._-]{1,%d}) +([0-9a-fA-F]{64})" % NAME_CHARACTERS)
_LONGEST: Final = 1 << 20
_KEPT: Final = "let it belong to root or the daemon's user; chmod 400"
_NEW: Final = "`postseal keys init` makes one"


class FileKeys:
    """The master keys in the file *path*, read anew when it has changed: rotation needs no reload.

    A file that is bad by then changes nothing but a line in the log.  Raises BadInput if it is bad now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = _seen(path)
        self._keys = _local(read(path))

    @property
    def current(self) -> str:
        """The name of the master key that wraps from now on."""
        return self._fresh().current

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, the current one last."""
        return self._fresh().names

    def wrap(self, key: bytes, context: bytes) -> Wrapped:
        """*key*, wrapped by the current master key and bound to *context*."""
        return self._fresh().wrap(key, context)

    def unwrap(self, wrapped: Wrapped, context: bytes) -> bytes:
        """The key in *wrapped*."""
        return self._fresh().unwrap(wrapped, context)

    def _fresh(self) -> LocalKeys:
        seen = _seen(self._path)
        if seen != self._seen:
            self._seen = seen
            try:
                self._keys = _local(read(self._path))
            except BadInput as error:
                _log.error("%s", log.line(event="keys_not_read", why=str(error.problems[0])))
        return self._keys


def read(path: Path) -> dict[str, bytes]:
    """Names and keys in the file *path*, in their order, never none.  Raises BadInput."""
    try:
        # No link: who may change the folder that it points to would choose our keys.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if refusal := _kept(os.fstat(file.fileno())):
                raise _bad(path, f"the master keys {refusal}", _KEPT)
            octets = file.read(_LONGEST)
    except OSError as error:
        raise _bad(path, f"the master keys cannot be read: {error.strerror}", _NEW) from None
    return _parsed(octets, path)


def create(path: Path, at: datetime) -> str:
    """Make the file *path* with one new key; its name.  Raises BadInput if it exists or cannot be made."""
    name = named(at)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        _write(descriptor, {name: os.urandom(KEY_OCTETS)})
        _sync(path.parent)
    except FileExistsError:
        hint = "`postseal keys rotate` adds a key to it; without its keys, no sealed message can be read"
        raise _bad(path, "there are master keys already", hint) from None
    except OSError as error:
        raise _bad(path, f"the master keys cannot be made: {error.strerror}") from None
    return name


def add(path: Path, at: datetime) -> str:
    """Add a new key to the file *path*, from now on the current; its name.  Raises BadInput."""
    keys = read(path)
    name = named(at, taken=frozenset(keys))
    _replace(path, {**keys, name: os.urandom(KEY_OCTETS)})
    return name


def retire(path: Path, names: frozenset[str]) -> None:
    """Take *names* out of the file *path*, never the current one.  Raises BadInput."""
    keys = read(path)
    if list(keys)[-1] in names:
        raise _bad(path, "the current master key cannot be retired")
    _replace(path, {name: key for name, key in keys.items() if name not in names})


def named(at: datetime, *, taken: frozenset[str] = frozenset()) -> str:
    """The name of a key made at the time *at*: the day, and a number where that is *taken*."""
    day = at.strftime("%Y-%m-%d")
    number = 1
    while (name := day if number == 1 else f"{day}.{number}") in taken:
        number += 1
    return name


def _local(keys: dict[str, bytes]) -> LocalKeys:
    return LocalKeys(keys, list(keys)[-1])


def _seen(path: Path) -> tuple[int, int, int] | None:
    """What changes with the file."""
    try:
        facts = path.stat(follow_symlinks=False)
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _kept(facts: os.stat_result) -> str:
    """Why a file with these *facts* must not hold master keys."""
    if not stat.S_ISREG(facts.st_mode):
        return "are not in a regular file"
    if facts.st_uid not in {0, os.geteuid()}:
        return f"belong to user {facts.st_uid}"
    if facts.st_mode & 0o077:
        return "can be read or changed by others"
    return ""


def _parsed(octets: bytes, path: Path) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for number, line in enumerate(octets.splitlines(), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        found = _LINE.fullmatch(line.strip())
        place = Place(str(path), number)
        if found is None:
            hint = "a line is a name, a blank and 64 hexadecimal digits"
            raise BadInput([Problem(place, "not a master key", hint)])
        name = found[1].decode("ascii")
        if name in keys:
            raise BadInput([Problem(place, f"there are two master keys '{name}'")])
        keys[name] = bytes.fromhex(found[2].decode("ascii"))
    if not keys:
        raise _bad(path, "there is no master key in it", _NEW)
    return keys


def _replace(path: Path, keys: dict[str, bytes]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        facts = path.stat()
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
        os.fchown(descriptor, facts.st_uid, facts.st_gid)
        _write(descriptor, keys)
        aside.replace(path)
        _sync(path.parent)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise _bad(path, f"the master keys cannot be written: {error.strerror}") from None


def _write(descriptor: int, keys: dict[str, bytes]) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            b"# Postseal's master keys; the last one is the current.  Without them no sealed message\n"
        )
        file.write(b"# can be read: keep a copy where no backup of the database is.\n")
        for name, key in keys.items():
            file.write(b"%b %b\n" % (name.encode(), key.hex().encode()))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def _bad(path: Path, what: str, hint: str = "") -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
