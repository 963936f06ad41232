"""The scripts behind `make` say what they need, and change nothing where they must not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CONTRIB = Path(__file__).parent.parent / "contrib"
TOOLS = ("bash", "dirname", "sed", "head", "mktemp", "rm", "mkdir")

pytestmark = pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not a Debian")


class House:
    """A copy of the scripts in a house of its own, with a PATH of stand-ins that leave a trace."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.trace = directory / "trace"
        self.bin = directory / "bin"
        for folder in (directory / "contrib", directory / ".tools", self.bin):
            folder.mkdir()
            folder.chmod(0o755)
        for name in ("install-tools", "make-venv"):
            shutil.copy(CONTRIB / name, directory / "contrib")
        for name in TOOLS:
            (self.bin / name).symlink_to(shutil.which(name) or name)
        for name in ("apt-get", "debconf-set-selections"):
            self.stand_in(name, f"echo {name} >> {self.trace}")

    def stand_in(self, name: str, script: str) -> None:
        program = self.bin / name
        program.write_text(f"#!/bin/bash\n{script}\n")
        program.chmod(0o755)

    def packages(self, installed: str, missing: str = "none-at-all") -> None:
        """Make dpkg-query list *installed* (lines) and deny the package *missing*."""
        answers = f'{missing}) exit 1;; *Provides*) echo "{installed}";; *) echo -n installed;;'
        self.stand_in("dpkg-query", f'case "${{!#}}" in {answers} esac')

    def run(
        self, name: str, *, user: int | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.directory / "contrib" / name],
            env={"PATH": str(self.bin), **environment},
            user=user,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def house(directory: Path) -> House:
    return House(directory)


def test_install_tools_everything_there_only_looks(house: House) -> None:
    house.packages("installed postfix mail-transport-agent")
    house.stand_in("promtool", "")
    (house.bin / "promtool").rename(house.directory / ".tools" / "promtool")

    ended = house.run("install-tools")

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert not house.trace.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="asks what root would do")
def test_install_tools_other_mail_system_is_not_replaced(house: House) -> None:
    house.packages("installed exim4-daemon-light mail-transport-agent", missing="postfix")

    ended = house.run("install-tools")

    assert ended.returncode == 1
    assert "Debian would remove exim4-daemon-light for it" in ended.stderr
    assert not house.trace.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become nobody")
def test_install_tools_without_root_says_what_is_missing(house: House) -> None:
    house.packages("", missing="miltertest")

    ended = house.run("install-tools", user=65534)

    assert ended.returncode == 1
    assert ended.stderr == "install-tools: missing: miltertest. Run this as root, or install sudo.\n"
    assert not house.trace.exists()


def test_make_venv_old_python_is_named(house: House) -> None:
    house.stand_in("python3.9", '[[ "$1" == --version ]] && echo Python 3.9.2; exit 1')

    ended = house.run("make-venv", PYTHON="python3.9")

    assert ended.returncode == 1
    assert ended.stderr == (
        "make-venv: Postseal needs Python 3.11 or newer; python3.9 is Python 3.9.2."
        " Name a newer one: make PYTHON=/path/to/python3\n"
    )
