"""`postseal connectors`: a process that is there where Postfix asks (postfix/test_connectors.py)."""

import subprocess
import sys
from pathlib import Path


def ran(settings: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "postseal", "connectors", "--settings", str(settings)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_without_a_socket_it_ends_and_that_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "postseal.yaml").write_text("{}")

    done = ran(tmp_path / "postseal.yaml")

    assert done.returncode == 0
    assert "event=no_connectors" in done.stderr


def test_socket_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "postseal.yaml").write_text(f"tls: {{connectors: 'unix:{tmp_path}/nowhere/tls.sock'}}")

    done = ran(tmp_path / "postseal.yaml")

    assert done.returncode == 1
    assert "tls: connectors: cannot listen on unix:" in done.stderr
