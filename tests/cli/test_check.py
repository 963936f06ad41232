"""`postseal check`: everything that is wrong, at once, with its place."""

import json
import re
from collections.abc import Iterator

import pytest

from demo.place import open_directory
from offline_place import Place, place
from postseal.policy.manual import manual


@pytest.fixture
def ours() -> Iterator[Place]:
    with open_directory() as directory:
        yield place(directory)


def test_check_good(ours: Place) -> None:
    done = ours.run("check")

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"good: policy [0-9a-f]{12}, 4 rules\n", done.stdout)


def test_check_needs_no_folder_of_the_daemon_and_makes_none(ours: Place) -> None:
    (ours.directory / "run").rmdir()

    assert ours.run("check").returncode == 0
    assert not (ours.directory / "run").exists()
    assert not (ours.directory / "spool").exists()


def test_check_bad_settings_are_told_together(ours: Place) -> None:
    file = ours.daemon.settings_file
    lines = len(file.read_text().splitlines())
    file.write_text(file.read_text() + "wrokers: 2\nmemory_body: 3 apples\n")

    done = ours.run("check")

    assert done.returncode == 1
    assert f"{file}:{lines + 1}:1: " in done.stderr
    assert "hint: did you mean 'workers'?" in done.stderr
    assert f"{file}:{lines + 2}:14: " in done.stderr
    assert done.stderr.endswith("2 problems\n")


def test_check_policies_examples_and_certificates_are_told_together(ours: Place) -> None:
    (ours.directory / "certificates" / "bob.pem").unlink()
    (ours.directory / "certificates").rmdir()
    (ours.daemon.policies / "2.yaml").write_text("rules: [{name: x, wehn: {subject_words: a}}]\n")
    (ours.daemon.policies / "3.yaml").write_text("rules: [{name: y, then: [no_such_action: 1]}]\n")

    done = ours.run("check")

    assert done.returncode == 1
    assert f"{ours.directory}/certificates: " in done.stderr
    assert f"{ours.daemon.policies}/2.yaml:1:19: " in done.stderr
    assert "did you mean 'when'?" in done.stderr
    assert f"{ours.daemon.policies}/3.yaml:1:26: " in done.stderr
    assert done.stderr.endswith("3 problems\n")


def test_check_failing_example_is_told_with_its_place(ours: Place) -> None:
    example = "{from: ann@lab.test, to: bob@one.test, subject: seal, client_ip: 127.0.0.1, expect: plain}"
    (ours.daemon.policies / "2.yaml").write_text(f"examples:\n  - {example}\n")

    done = ours.run("check")

    assert done.returncode == 1
    assert f"{ours.daemon.policies}/2.yaml:2:" in done.stderr
    assert "smime" in done.stderr


@pytest.mark.parametrize("what", ["settings", "policies"])
def test_check_missing_file_is_told(ours: Place, what: str) -> None:
    if what == "settings":
        ours.daemon.settings_file.unlink()
    else:
        (ours.daemon.policies / "1.yaml").unlink()
        ours.daemon.policies.rmdir()

    done = ours.run("check")

    assert done.returncode == 1
    assert str(ours.daemon.settings_file if what == "settings" else ours.daemon.policies) in done.stderr
    assert "hint: " in done.stderr


def test_check_list_prints_the_manual_without_settings(ours: Place) -> None:
    ours.daemon.settings_file.unlink()

    done = ours.run("check", "--list")

    assert (done.returncode, done.stdout) == (0, manual() + "\n")


def test_check_schema_prints_json_without_settings(ours: Place) -> None:
    ours.daemon.settings_file.unlink()

    done = ours.run("check", "--schema")

    assert done.returncode == 0
    assert json.loads(done.stdout)["title"] == "Postseal policy"
