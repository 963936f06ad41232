"""The table of methods is made from the settings, or every problem is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.pki import Authority
from postseal.body import Body
from postseal.envelope import Envelope, Recipient
from postseal.errors import BadInput, Cause, Failure
from postseal.message import Header, Message
from postseal.methods import table
from postseal.settings.settings import Settings
from postseal.settings.smime import Identity, Smime

NOW = datetime.now(UTC)
ROOT = Authority.root()
MESSAGE = Message((Header.of("From", "ann@example.com"),), Body.of(b"x"))


def load(smime: Smime, directory: Path) -> table.Loaded:
    return table.load(Settings(smime=smime, spool_directory=directory), lambda: NOW)


def test_plain_reaches_everybody_and_changes_nothing(tmp_path: Path) -> None:
    plain = load(Smime(), tmp_path).methods.table["plain"]

    assert plain.reaches(Recipient("anybody@example.com"))
    assert plain.protect(MESSAGE, (Recipient("anybody@example.com"),)) is MESSAGE


def test_without_settings_nobody_is_reached_and_nobody_signs(tmp_path: Path) -> None:
    loaded = load(Smime(), tmp_path)

    assert not loaded.methods.table["smime"].reaches(Recipient("ann@example.com"))
    with pytest.raises(Failure) as caught:
        loaded.methods.signature.sign(MESSAGE, Envelope("ann@example.com", ()))
    assert caught.value.cause is Cause.NO_SIGNER


def test_policies_may_ask_for_every_method_but_plain(tmp_path: Path) -> None:
    assert set(load(Smime(), tmp_path).methods.table) == table.PROTECTING | {"plain"}


def test_loaded_tells_warnings_expiries_and_states(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    ann = ROOT.issue("ann@example.com", kind="p256")
    (folder / "ann.pem").write_bytes(ann.pem)
    (folder / "broken.pem").write_bytes(b"")
    (tmp_path / "ann.key").write_bytes(ann.key_pem)
    (tmp_path / "ann.key").chmod(0o600)
    identity = Identity(("bob@example.com",), folder / "ann.pem", tmp_path / "ann.key")

    loaded = load(Smime(folder, "aes-128-cbc", (identity,)), tmp_path)

    assert [warning.what for warning in loaded.warnings] == [
        "the file is empty",
        "the certificate does not name bob@example.com",
    ]
    assert list(loaded.expiries.values()) == [ann.certificate.not_valid_after_utc]
    assert loaded.recipients["usable"] == 1


def test_problems_of_certificates_and_keys_are_told_together(tmp_path: Path) -> None:
    identity = Identity(("ann@example.com",), tmp_path / "missing.pem", tmp_path / "missing.key")

    with pytest.raises(BadInput) as caught:
        load(Smime(tmp_path / "missing", identities=(identity,)), tmp_path)

    assert {problem.place.file for problem in caught.value.problems} == {
        str(tmp_path / "missing"),
        str(tmp_path / "missing.key"),
    }
