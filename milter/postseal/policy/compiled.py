"""Automata that take seconds to compile, kept in a folder for the next start.

What is loaded goes into native code unread, so nothing is taken from a folder or a file that anybody
but us or root may write to.  Anything wrong with the folder or an entry counts as not kept; nothing is
raised, and no mail depends on what is here.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_MOST = 16
"""Entries that stay in a folder; a policy needs one or two."""

_LARGEST = 512 << 20


class Kept:
    """The entries of a folder.  *folder*: its parent must exist and be ours, it itself is made."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, digest: str) -> bytes | None:
        """What was kept under *digest*; None if there is nothing that can be trusted."""
        with contextlib.suppress(OSError), self._opened() as folder:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            with os.fdopen(os.open(digest, flags, dir_fd=folder), "rb") as file:
                status = os.fstat(file.fileno())
                if not (stat.S_ISREG(status.st_mode) and _ours(status) and status.st_size <= _LARGEST):
                    return None
                octets = file.read()
            checksum, octets = octets[:32], octets[32:]
            if hashlib.sha256(octets).digest() == checksum:
                return octets
        return None

    def keep(self, digest: str, octets: bytes) -> None:
        """Keep *octets* under *digest*, whole or not at all."""
        with contextlib.suppress(OSError):
            if self._folder.parent.stat().st_uid == os.geteuid():  # else another user's daemon is shut out
                self._folder.mkdir(mode=0o700, exist_ok=True)
            with self._opened() as folder:
                if os.fstat(folder).st_uid != os.geteuid():
                    return
                name = f".{digest}.{os.getpid()}"
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                try:
                    with os.fdopen(os.open(name, flags, 0o600, dir_fd=folder), "wb") as file:
                        file.write(hashlib.sha256(octets).digest() + octets)
                    os.replace(name, digest, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    os.unlink(name, dir_fd=folder)
                    raise
                _forget_oldest(folder)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """The folder, open.  Raises OSError if others than root or we may write to it."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not _ours(os.fstat(folder)):
                raise PermissionError
            yield folder
        finally:
            os.close(folder)


def _ours(status: os.stat_result) -> bool:
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _forget_oldest(folder: int) -> None:
    ages = {name: os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime for name in os.listdir(folder)}
    for name in sorted(ages, key=ages.__getitem__)[:-_MOST]:
        os.unlink(name, dir_fd=folder)
