"""A Postseal of our own: its settings, policies, socket and metrics port below one directory.

The daemon runs as it does under systemd: `postseal run`, told ready through NOTIFY_SOCKET, stopped by
SIGTERM.  What it logs is kept in a file.  One that does not come up raises `NotStarted` with its words.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from demo.place import LOOPBACK, free_port
from postseal.daemon import state
from postseal.daemon.state import State

LIMIT = 60.0
"""Seconds after which a start, a stop or a command is taken for hung."""


class NotStarted(Exception):
    """Postseal did not come up; the text is what it said."""


class Daemon:
    """`postseal run` below *directory*: a context manager, or `start` and `stop`.

    *settings*: YAML to add to that of this class.  *policies*: file name → text.
    *submit_port*: the listener for copies, 0 for none.
    *group*: who may use the socket besides us; Postfix's by default.
    *store*: a data source name in place of SQLite's below *directory*.
    *program*: what Python runs as `postseal`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        settings: str = "",
        policies: Mapping[str, str],
        group: str = "postfix",
        submit_port: int = 0,
        store: str = "",
        program: Sequence[str | Path] = ("-m", "postseal"),
    ) -> None:
        self.directory = directory
        self.settings_file = directory / "postseal.yaml"
        self.policies = directory / "policies"
        self.socket = directory / "run" / "milter.sock"
        self.log_file = directory / "postseal.log"
        self.metrics_port = free_port()
        self._program = tuple(map(str, program))
        self._process: subprocess.Popen[bytes] | None = None
        self.policies.mkdir(parents=True)
        for name, text in policies.items():
            (self.policies / name).parent.mkdir(exist_ok=True)
            (self.policies / name).write_text(text)
        (directory / "run").mkdir()
        if group:
            shutil.chown(directory / "run", group=group)
        (directory / "run").chmod(0o750)
        self.settings_file.write_text(
            f"policies: policies\n"
            f"runtime_directory: run\n"
            f"spool_directory: spool\n"
            f"store: '{store or f'sqlite:///{directory}/store/store.sqlite'}'\n"
            f"guard: {{secret: secret}}\n"
            f"submit_to: {f'{LOOPBACK}:{submit_port}' if submit_port else 'none'}\n"
            f"metrics: {LOOPBACK}:{self.metrics_port}\n"
            f"listen: {{socket: 'unix:{self.socket}', group: '{group}'}}\n{settings}"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def milter(self) -> str:
        """The daemon as Postfix names a milter: with tempfail as the answer to every fault."""
        return f"{{ unix:{self.socket}, default_action=tempfail, content_timeout=60s }}"

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
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
                [sys.executable, *self._program, "run", "--settings", str(self.settings_file)],
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

    def stop(self) -> None:
        """Ask it to stop, and wait; harmless if it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def reload(self) -> State:
        """Have it load everything anew, as `postseal reload` does; how that went.  Raises TimeoutError."""
        asked = time.monotonic()
        os.kill(self.pid, signal.SIGHUP)
        while time.monotonic() < asked + LIMIT:
            known = state.read(self.directory / "run")
            if known and known.reload.answered and known.reload.begun >= asked:
                return known
            time.sleep(0.005)
        raise TimeoutError(f"no reload within {LIMIT} s\n{self.log()}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send the supervisor a signal."""
        os.kill(self.pid, number)

    def log(self) -> str:
        """What it has logged so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def command(self, *arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run `postseal` with these arguments and our settings."""
        done = subprocess.run(
            [sys.executable, "-m", "postseal", *map(str, arguments), "--settings", str(self.settings_file)],
            input=stdin,
            capture_output=True,
            check=False,
            timeout=2 * LIMIT,
        )
        out, err = (stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        return subprocess.CompletedProcess(done.args, done.returncode, out, err)

    def metrics(self) -> str:
        """What Prometheus would scrape now."""
        url = f"http://{LOOPBACK}:{self.metrics_port}/metrics"
        with urllib.request.urlopen(url, timeout=LIMIT) as answer:
            text: str = answer.read().decode()
            return text
