"""The folder of authorities: who is an anchor, who only helps to find a path, what is told of the rest."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.pki import Authority, pem
from postseal.errors import BadInput
from postseal.trust import anchors
from postseal.trust.trust import Trust

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
ROOT = Authority.root()
BELOW = ROOT.intermediate()
ANN = BELOW.issue("ann@example.com", kind="p256")


def test_folder_of_anchors_tells_roots_from_intermediates_and_the_rest(tmp_path: Path) -> None:
    (tmp_path / "all.pem").write_bytes(pem(ROOT.certificate, BELOW.certificate, ANN.certificate))
    (tmp_path / "junk.crt").write_bytes(b"junk")

    loaded = anchors.load(tmp_path, NOW)

    assert loaded.roots == (ROOT.certificate,)
    assert loaded.intermediates == (BELOW.certificate,)
    assert ["not the certificate of an authority" in warning.what for warning in loaded.warnings] == [
        True,
        False,
    ]


def test_folder_of_anchors_without_one_is_a_warning_and_nothing_is_believed(tmp_path: Path) -> None:
    (tmp_path / "below.pem").write_bytes(BELOW.pem)

    loaded = anchors.load(tmp_path, NOW)

    assert ["no self-signed authority" in warning.what for warning in loaded.warnings] == [True]
    assert Trust(loaded).judge(ANN.certificate, at=NOW).rule == "path"


def test_folder_of_anchors_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        anchors.load(tmp_path / "missing", NOW)


def test_authority_that_is_self_issued_but_not_self_signed_is_no_anchor(tmp_path: Path) -> None:
    (tmp_path / "forged.pem").write_bytes(Authority.root("Test Root").intermediate("Test Root").pem)
    (tmp_path / "root.pem").write_bytes(ROOT.pem)

    loaded = anchors.load(tmp_path, NOW)

    assert loaded.roots == (ROOT.certificate,)
    assert len(loaded.intermediates) == 1


def test_expired_anchor_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(ROOT.pem)

    loaded = anchors.load(tmp_path, NOW + 9999 * DAY)

    assert loaded.roots == ()
    assert "the authority cannot be used: it expired" in str(loaded.warnings)
