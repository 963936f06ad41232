"""The secret's file: made once, closed to all others, never made anew in silence."""

import os
import threading
from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.guard.secret import derived, ensure, load


def test_secret_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "state" / "secret"

    made = [ensure(file), ensure(file)]

    assert made == [True, False]
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(load(file)) == 32
    assert [each.name for each in file.parent.iterdir()] == ["secret"]


def test_secret_made_by_several_at_once_is_one(tmp_path: Path) -> None:
    file, made = tmp_path / "secret", []
    threads = [threading.Thread(target=lambda: made.append(ensure(file))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(made) == [False] * 7 + [True]


@pytest.mark.parametrize("text", ["", "0" * 62, "x" * 64, "00 " * 31, "\xff" * 64])
def test_secret_that_is_none_is_refused_and_not_replaced(tmp_path: Path, text: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(text.encode("latin-1"))
    file.chmod(0o600)

    with pytest.raises(BadInput, match="64 hexadecimal digits"):
        ensure(file)

    assert file.read_bytes() == text.encode("latin-1")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o606])
def test_secret_that_others_may_know_or_exchange_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "secret"
    ensure(file)
    file.chmod(mode)

    with pytest.raises(BadInput, match=f"chmod 600 {file}"):
        load(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_secret_of_another_user_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    ensure(file)
    os.chown(file, 12345, -1)

    with pytest.raises(BadInput, match="daemon's user"):
        load(file)


def test_secret_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)

    for name in ("folder", "pipe", "none"):
        with pytest.raises(BadInput):
            load(tmp_path / name)
    with pytest.raises(BadInput, match="cannot be made"):
        ensure(tmp_path / "pipe" / "secret")


def test_derived_keys_differ_by_purpose_and_secret() -> None:
    keys = {derived(secret, purpose, 32) for secret in (b"a", b"b") for purpose in ("x", "y")}

    assert len(keys) == 4
    assert derived(b"a", "x", 32) in keys
