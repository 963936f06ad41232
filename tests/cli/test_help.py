"""Every command explains itself, and the shells complete it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from offline_place import postseal

GROUPS = (
    "admin",
    "branding",
    "ca",
    "certs",
    "identity",
    "keys",
    "messages",
    "policy",
    "replies",
    "smime",
    "tls",
)
SINGLE = (
    "run",
    "connectors",
    "check",
    "doctor",
    "explain",
    "apply",
    "portal",
    "signout",
    "reload",
    "status",
    "completion",
)
COMMANDS = (*SINGLE, *GROUPS)


def test_help_names_every_command_and_exit_code() -> None:
    done = postseal("--help")

    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    for code in (
        "0  done",
        "1  ",
        "2  wrong usage",
        "3  the daemon does not run",
        "4  the message would",
        "5  ",
    ):
        assert f"\n    {code}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command(command: str) -> None:
    done = postseal(command, "-h")

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: ")
    assert done.stderr == ""
    assert ("--settings" in done.stdout) == (command not in {"completion", *GROUPS})
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("check", "--nonsense"),
        ("explain",),
        ("explain", "-", "--from", "ann@lab.test"),
        ("explain", "/nonexistent", "--from", "a@lab.test", "--to", "b@lab.test"),
        ("explain", "/", "--from", "a@lab.test", "--to", "b@lab.test"),
        ("explain", "-", "--from", "a@lab.test", "--to", "b@lab.test", "--client-ip", "10.0.0"),
        ("apply", "-", "--from", "a@lab.test", "--to", "b@lab.test"),
        ("reload", "--timeout", "soon"),
        ("completion", "tcsh"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_with_exit_code_2(arguments: tuple[str, ...]) -> None:
    done = postseal(*arguments)

    assert done.returncode == 2
    assert "Error: " in done.stderr


def test_version() -> None:
    done = postseal("--version")

    assert done.returncode == 0
    assert done.stdout.startswith("postseal, version ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_one_of_that_shell(shell: str, tmp_path: Path) -> None:
    script = postseal("completion", shell).stdout

    assert f"_POSTSEAL_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        assert subprocess.run([shell, "-n", tmp_path / "script"], check=False).returncode == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("postseal rel", ["plain,reload"]),
        ("postseal ", [f"plain,{command}" for command in sorted(COMMANDS)]),
        ("postseal explain --client", ["plain,--client-ip"]),
        ("postseal completion z", ["plain,zsh"]),
    ],
)
def test_completion_answers(words: str, expected: list[str]) -> None:
    asked = {
        "_POSTSEAL_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = [sys.executable, "-m", "postseal"]
    done = subprocess.run(
        command, env=os.environ | asked, capture_output=True, text=True, check=True, timeout=60
    )

    assert sorted(done.stdout.split()) == expected
