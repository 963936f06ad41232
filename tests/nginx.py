"""A private nginx on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

NEEDED = pytest.mark.skipif(
    shutil.which("nginx", path="/usr/sbin:/usr/bin") is None or os.geteuid() != 0,
    reason="no nginx: contrib/install-tools installs it; it needs root to be somebody else",
)


def adapted(shipped: Path, *changes: tuple[str, str]) -> str:
    """The *shipped* file with other ports, files and names, and nothing else."""
    text = shipped.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def nginx(configuration: str, port: int, folder: Path) -> Iterator[int]:
    """An nginx with this *configuration* of its `http`, when it listens at *port*."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/temp-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log stderr warn; worker_processes 1;\n"
        f"events {{}}\nhttp {{\n{temporary}{configuration}}}\n"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") or ""
    checked = subprocess.run([program, "-t", "-q", "-c", file], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    with subprocess.Popen([program, "-c", file]) as process:
        try:
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                assert process.poll() is None
                time.sleep(0.05)
            yield port
        finally:
            process.send_signal(signal.SIGQUIT)
