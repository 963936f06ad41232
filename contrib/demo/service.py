"""A program of ours that runs as a service does: told ready through NOTIFY_SOCKET, stopped by a signal.

What it logs is kept in a file.  One that does not come up raises `NotStarted` with its words.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Self

LIMIT = 60.0
"""Seconds after which a start, a stop or a command is taken for hung."""


class NotStarted(Exception):
    """It did not come up; the text is what it said."""


class Service(ABC):
    """A context manager, or `start` and `stop`."""

    def __init__(self, directory: Path, log_file: Path) -> None:
        self.directory = directory
        self.log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def program(self) -> Sequence[str | Path]:
        """What Python runs."""

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
                [sys.executable, *self.program],
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
