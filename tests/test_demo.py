"""The demo tells what it should, on real mail, and leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent


@pytest.mark.postfix
@pytest.mark.skipif(os.geteuid() != 0, reason="a private Postfix needs root")
def test_demo_every_mail_fares_as_it_should() -> None:
    before = set(Path("/tmp").glob("postseal-*"))

    told = subprocess.run(
        [sys.executable, "-m", "demo"],
        env=os.environ | {"PYTHONPATH": "contrib"},
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert told.stdout.count("✓ as it should be") == 6
    assert "Eve reads   We sign on Friday, at 17 €." in told.stdout
    assert "Bob reads   We sign on Friday, at 17 €." in told.stdout
    for line in told.stdout.splitlines():  # its own directories are gone; other tests have some of theirs
        if "settings" in line and "/tmp/postseal-" in line:
            assert not Path(line.split()[-1]).parent.exists()
            assert Path(line.split()[-1]).parent not in before
