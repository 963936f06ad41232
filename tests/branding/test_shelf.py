"""A process that is not told sees new brandings, and keeps the good ones when files are bad."""

import logging
from pathlib import Path

import pytest

from postseal.branding.shelf import Shelf
from postseal.errors import BadInput


def test_shelf_sees_new_files_and_keeps_good_brandings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    file, at = tmp_path / "10.yaml", [0.0]
    file.write_text("brandings: {sales: {name: Old}}")
    shelf = Shelf(tmp_path, clock=lambda: at[0])

    file.write_text("brandings: {sales: {name: Newer}}")
    assert shelf.find("sales").name == "Old"
    at[0] += 6
    assert shelf.find("sales").name == "Newer"
    file.write_text("brandings: {sales: {nmae: Newest}}")
    at[0] += 6
    assert shelf.find("sales").name == "Newer"
    assert "event=brandings_not_read" in caplog.text
    assert "unknown key 'nmae'" in caplog.text


def test_branding_that_is_gone_is_the_default_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert Shelf(tmp_path).find("sales").word == "default"
    assert "event=branding_missing branding=sales" in caplog.text


def test_shelf_does_not_begin_with_bad_files(tmp_path: Path) -> None:
    (tmp_path / "10.yaml").write_text("brandings: 7")

    with pytest.raises(BadInput):
        Shelf(tmp_path)
