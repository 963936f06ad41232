"""A Postseal of our own: its settings, policies, socket and metrics port below one directory.

The daemon runs as it does under systemd: `postseal run` (see `service`).
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.place import LOOPBACK, free_port
from demo.service import LIMIT, Service
from postseal.daemon import state
from postseal.daemon.state import State


class Daemon(Service):
    """`postseal run` below *directory*.

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
        self.settings_file = directory / "postseal.yaml"
        self._program = program
        super().__init__(directory, directory / "postseal.log")
        self.policies = directory / "policies"
        self.socket = directory / "run" / "milter.sock"
        self.metrics_port = free_port()
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

    @property
    def program(self) -> Sequence[str | Path]:
        """The words of `postseal run`."""
        return *self._program, "run", "--settings", self.settings_file

    @property
    def milter(self) -> str:
        """The daemon as Postfix names a milter: with tempfail as the answer to every fault."""
        return f"{{ unix:{self.socket}, default_action=tempfail, content_timeout=60s }}"

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
