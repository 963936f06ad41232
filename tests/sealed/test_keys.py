"""Master keys in files."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postseal.errors import BadInput, Cause, Failure
from postseal.sealed import keyfile, source
from postseal.sealed.keyfile import FileKeys
from postseal.sealed.master import LocalKeys, MasterKeys, context, self_test
from postseal.settings.ome import Ome

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = bytes(range(32))
BOUND = context(b"m" * 16, "bob@one.test", ("print",))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "master.keys"
    keyfile.create(path, NOON)
    return path


def cause_of(keys: MasterKeys, bound: bytes = BOUND, *, wrapped_by: MasterKeys | None = None) -> str:
    """Why *keys* does not unwrap."""
    with pytest.raises(Failure) as raised:
        keys.unwrap((wrapped_by or keys).wrap(KEY, BOUND), bound)
    assert raised.value.cause is Cause.KEYS
    return raised.value.detail


def test_new_file_is_closed_to_all_others_and_works(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o400
    keys = FileKeys(file)

    self_test(keys)
    assert keys.current == "2026-11-24"
    assert keys.unwrap(keys.wrap(KEY, BOUND), BOUND) == KEY
    assert KEY.hex() not in file.read_text()


@pytest.mark.parametrize(
    "other",
    [
        context(b"n" * 16, "bob@one.test", ("print",)),
        context(b"m" * 16, "cat@two.test", ("print",)),
        context(b"m" * 16, "bob@one.test", ()),
        context(b"m" * 16, "bob@one.test", ("forward", "print")),
        b"",
    ],
    ids=["message", "recipient", "fewer-rights", "more-rights", "nothing"],
)
def test_wrapped_key_is_bound_to_its_context(file: Path, other: bytes) -> None:
    assert "not for this use" in cause_of(FileKeys(file), other)


def test_context_counts_rights_in_any_order_and_once() -> None:
    assert context(b"m" * 16, "b@x.test", ["b", "a", "b"]) == context(b"m" * 16, "b@x.test", ["a", "b"])


def test_wrapping_twice_gives_other_octets(file: Path) -> None:
    keys = FileKeys(file)

    assert keys.wrap(KEY, BOUND).octets != keys.wrap(KEY, BOUND).octets


def test_unknown_or_other_master_key_is_a_failure() -> None:
    one, other, unknown = (
        LocalKeys({name: octets}, name)
        for name, octets in (("a", bytes(32)), ("a", b"x" * 32), ("b", bytes(32)))
    )

    assert "does not open" in cause_of(one, wrapped_by=other)
    assert "no master key 'b'" in cause_of(one, wrapped_by=unknown)


def test_rotation_is_seen_without_a_reload(file: Path) -> None:
    keys = FileKeys(file)
    old = keys.wrap(KEY, BOUND)

    assert keyfile.add(file, NOON) == "2026-11-24.2"

    assert keys.current == "2026-11-24.2"
    assert keys.wrap(KEY, BOUND).master == "2026-11-24.2"
    assert keys.unwrap(old, BOUND) == KEY
    assert file.stat().st_mode & 0o777 == 0o400
    keyfile.retire(file, frozenset({"2026-11-24"}))
    with pytest.raises(Failure):
        keys.unwrap(old, BOUND)


def test_current_key_is_not_retired(file: Path) -> None:
    with pytest.raises(BadInput, match="current"):
        keyfile.retire(file, frozenset({"2026-11-24"}))


def test_file_that_is_bad_by_now_changes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = FileKeys(file)
    old = keys.wrap(KEY, BOUND)
    file.chmod(0o600)
    file.write_text("nonsense")

    assert keys.unwrap(old, BOUND) == KEY
    assert "keys_not_read" in caplog.text


GOOD = f"a {bytes(32).hex()}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "there is no master key in it"),
        ("# nothing\n", "there is no master key in it"),
        ("a 00\n", ":1: not a master key"),
        (f"{GOOD}a b {bytes(32).hex()}\n", ":2: not a master key"),
        (GOOD + GOOD, ":2: there are two master keys 'a'"),
    ],
)
def test_bad_file_is_told_and_never_shown(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    path.chmod(0o400)

    with pytest.raises(BadInput) as raised:
        FileKeys(path)

    assert expected in str(raised.value)
    assert bytes(32).hex() not in str(raised.value)


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o420, 0o644])
def test_file_that_others_may_read_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)

    with pytest.raises(BadInput, match="read or changed by others"):
        FileKeys(file)


def test_file_behind_a_link_and_no_file_are_refused(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    os.mkfifo(tmp_path / "fifo", 0o400)

    for path in (link, tmp_path / "none", tmp_path, tmp_path / "fifo"):
        with pytest.raises(BadInput):
            FileKeys(path)


def test_file_is_made_once(file: Path) -> None:
    before = file.read_bytes()

    with pytest.raises(BadInput, match="already"):
        keyfile.create(file, NOON)

    assert file.read_bytes() == before


def test_credential_of_systemd(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Ome(master_keys="credential:master.keys")

    with pytest.raises(BadInput, match="no credentials"):
        source.load(settings)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    self_test(source.load(settings))
