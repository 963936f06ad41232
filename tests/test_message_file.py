"""Messages from files look as an MTA would have handed them over."""

import io
from pathlib import Path

import pytest

from postseal.body import Spool
from postseal.message_file import read, write


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        pytest.param(b"A: 1\nB:2\n\nx\ny\n", b"A: 1\r\nB:2\r\n\r\nx\r\ny\r\n", id="lf"),
        pytest.param(b"A: 1\r\n b\r\n\tc\r\n\r\nx\r\n", b"A: 1\r\n b\r\n\tc\r\n\r\nx\r\n", id="folds"),
        pytest.param(b"From ann Mon\nA: 1\n\nx\n", b"A: 1\r\n\r\nx\r\n", id="mbox"),
        pytest.param(b"A: 1\nno header\n", b"A: 1\r\n\r\nno header\r\n", id="no-blank-line"),
        pytest.param(b"A: 1\n", b"A: 1\r\n\r\n", id="header-only"),
        pytest.param(b"", b"\r\n", id="empty"),
        pytest.param(b"\n\n\n", b"\r\n\r\n\r\n", id="body-only"),
        pytest.param(b"A: \xff\0\n\n\xff\0", b"A: \xff\0\r\n\r\n\xff\0\r\n", id="octets"),
        pytest.param(b"A : 1\n\n", b"A: 1\r\n\r\n", id="space-before-colon"),
    ],
)
def test_read_file_gives_the_message_on_the_wire(octets: bytes, expected: bytes, tmp_path: Path) -> None:
    message = read(io.BytesIO(octets), Spool())

    write(message, tmp_path / "copy.eml")

    assert b"".join(message.pieces()) == expected
    assert message.size == len(expected)
    assert (tmp_path / "copy.eml").read_bytes() == expected
    assert (tmp_path / "copy.eml").stat().st_mode & 0o777 == 0o600
