"""The bytes after the blank line: kept exactly, in memory while small, in an unlinked file when not.

A `Body` never changes; a `Draft` is how one is written.  Large bodies live in files that have no
name from the start (O_TMPFILE where the file system has it), so nothing is left behind by a crash
and no other user can open them.  What is in such a file is encrypted, under a key that is nowhere but in
the memory of this process: neither the disk nor a copy of it ever holds a line of anybody's mail.
Reading uses pread, so any number of readers share one body.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

PIECE = 1 << 16
"""Bytes read or written at a time: large enough to be fast, small enough to be nothing."""


_BLOCK = 16
"""Octets of a block of AES."""


class _Unnamed(io.FileIO):
    """A file that closes when the last body that uses it is gone, without Python's warning about it.

    Its octets are encrypted with AES-256-CTR, which can be read from anywhere; each file has its own key.
    Who could change the file could change our memory as well, so nothing is authenticated.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "r+b")
        self._key = os.urandom(32)
        self._encryptor = self._cipher(0)

    def __del__(self) -> None:
        self.close()

    def append(self, octets: bytes) -> None:
        """Write *octets* at the end."""
        rest = memoryview(self._encryptor.update(octets))
        while rest:
            rest = rest[self.write(rest) :]

    def read_at(self, start: int, count: int) -> bytes:
        """At most *count* octets from *start* on; none at the end."""
        octets = os.pread(self.fileno(), count, start)
        skipped = start % _BLOCK
        decrypted = self._cipher(start // _BLOCK).update(bytes(skipped) + octets)
        return decrypted[skipped:]

    def _cipher(self, block: int) -> CipherContext:
        return Cipher(AES(self._key), CTR(block.to_bytes(_BLOCK, "big"))).encryptor()


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """An immutable sequence of *size* octets.  Two bodies are equal only if they are the same one."""

    size: int
    _octets: bytes = field(default=b"", repr=False)
    _file: _Unnamed | None = field(default=None, repr=False)
    _offset: int = field(default=0, repr=False)

    @classmethod
    def of(cls, octets: bytes) -> "Body":
        """A body of octets that are in memory anyway."""
        return cls(len(octets), octets)

    def part(self, start: int, stop: int | None = None) -> "Body":
        """The octets from *start* up to *stop* (default: the end) as a body that shares this one's file."""
        stop = self.size if stop is None else min(stop, self.size)
        if self._file is None:
            return Body.of(self._octets[start:stop])
        return Body(max(stop - start, 0), _file=self._file, _offset=self._offset + start)

    def read(self, start: int = 0, stop: int | None = None) -> bytes:
        """The octets from *start* up to *stop* (default: the end); fewer where the body ends."""
        stop = self.size if stop is None else min(stop, self.size)
        if self._file is None:
            return self._octets[start:stop]
        pieces = []
        while start < stop:
            piece = self._file.read_at(self._offset + start, stop - start)
            if not piece:
                raise EOFError(f"the body ends at {start}, {self.size} octets were written")
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def pieces(self, start: int = 0, stop: int | None = None, *, size: int = PIECE) -> Iterator[bytes]:
        """The same octets as `read`, in pieces of at most *size* octets."""
        stop = self.size if stop is None else min(stop, self.size)
        for position in range(start, stop, size):
            yield self.read(position, min(position + size, stop))

    def find(self, octets: bytes, start: int = 0, stop: int | None = None) -> int:
        """The position of the first *octets* that lie wholly within start:stop, or -1."""
        stop = self.size if stop is None else min(stop, self.size)
        if self._file is None:
            return self._octets.find(octets, start, stop)
        overlap = len(octets) - 1
        for position in range(start, stop, PIECE):
            found = self.read(position, min(position + PIECE + overlap, stop)).find(octets)
            if found >= 0:
                return position + found
        return -1


class Draft:
    """A body being written.  `body` ends it; one that is dropped before leaves nothing behind."""

    def __init__(self, directory: Path | None, threshold: int) -> None:
        self._directory = directory
        self._threshold = threshold
        self._octets: bytearray | None = bytearray()
        self._file: _Unnamed | None = None
        self.size = 0

    def write(self, octets: bytes) -> None:
        """Append *octets*.  Raises OSError when the disk is full."""
        self.size += len(octets)
        if self._octets is not None:
            if self.size <= self._threshold:
                self._octets += octets
                return
            with tempfile.TemporaryFile(dir=self._directory, buffering=0) as file:
                self._file = _Unnamed(os.dup(file.fileno()))
            octets, self._octets = bytes(self._octets) + octets, None
        assert self._file is not None  # noqa: S101 (for the type checker)
        self._file.append(octets)

    def body(self) -> Body:
        """What was written.  The draft must not be written to afterwards."""
        if self._octets is not None:
            return Body.of(bytes(self._octets))
        return Body(self.size, _file=self._file)


@dataclass(frozen=True, slots=True)
class Spool:
    """Where bodies are written: in memory up to *threshold* octets, beyond that in *directory*.

    *directory* must be private to the daemon; None means the system's directory for temporary files.
    """

    directory: Path | None = None
    threshold: int = 1 << 20

    def draft(self) -> Draft:
        """A new, empty body to write."""
        return Draft(self.directory, self.threshold)
