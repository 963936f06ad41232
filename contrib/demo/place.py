"""Where servers of ours live: free loopback ports, and directories that other users can reach."""

import random
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOOPBACK = "127.0.0.1"

_PORTS = range(20_000, 32_000)
"""Below the range from which the kernel takes the ports of outgoing connections, so that a port that
is free now is not taken by a passing client before the server has it."""


_given: set[int] = set()


def free_port() -> int:
    """A loopback TCP port on which nothing listens, another each time.  Raises OSError if there is none."""
    for _ in range(1_000):
        port = random.choice(_PORTS)  # noqa: S311 (no secret)
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            _given.add(port)
            return port
    raise OSError("no free loopback port")


@contextmanager
def open_directory() -> Iterator[Path]:
    """A new directory that every user may search, short enough for the path of a Unix socket.

    pytest's own temporary directories are closed to the user postfix.  Removed at the end.
    """
    directory = Path(tempfile.mkdtemp(prefix="postseal-", dir="/tmp"))
    try:
        directory.chmod(0o755)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
