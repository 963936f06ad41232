"""Bodies keep every octet, in memory and in the unlinked file alike."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postseal.body import PIECE, Body, Spool


@pytest.fixture(params=[0, 1 << 30], ids=["file", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Spool:
    return Spool(tmp_path, request.param)


def drafted(spool: Spool, *pieces: bytes) -> Body:
    draft = spool.draft()
    for piece in pieces:
        draft.write(piece)
    return draft.body()


def test_body_written_in_pieces_reads_as_one(spool: Spool) -> None:
    body = drafted(spool, b"a" * PIECE, b"", b"\0\xff\r\n", b"b" * 3)

    assert body.read() == b"a" * PIECE + b"\0\xff\r\nbbb"
    assert b"".join(body.pieces(size=7)) == body.read()
    assert body.size == PIECE + 7


def test_body_empty_has_no_pieces(spool: Spool) -> None:
    body = drafted(spool)

    assert (body.size, body.read(), list(body.pieces())) == (0, b"", [])


def test_body_file_has_no_name(tmp_path: Path) -> None:
    body = drafted(Spool(tmp_path, 10), b"more than ten octets")

    assert body.read(5, 9) == b"than"
    assert list(tmp_path.iterdir()) == []


def test_body_dropped_closes_its_file(tmp_path: Path) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    body = drafted(Spool(tmp_path, 0), b"x")
    assert open_files() == before + 1

    del body

    assert open_files() == before


@pytest.mark.parametrize("offset", [-5, -2, -1, 0, 1])
def test_find_across_pieces_finds(spool: Spool, offset: int) -> None:
    at = PIECE + offset
    body = drafted(spool, b"-" * at + b"needle" + b"-" * PIECE)

    assert body.find(b"needle") == at
    assert body.find(b"needle", at + 1) == -1
    assert body.find(b"needle", 0, at + 5) == -1


@given(st.binary(max_size=200), st.integers(0, 210), st.integers(0, 210))
def test_read_any_range_is_the_slice(octets: bytes, start: int, stop: int) -> None:
    for threshold in (0, 1 << 20):
        body = drafted(Spool(None, threshold), octets)

        assert body.read(start, stop) == octets[start:stop]


def test_body_file_holds_nothing_in_clear(tmp_path: Path) -> None:
    body = drafted(Spool(tmp_path, 10), b"the numbers ", b"of the quarter " * 10)

    file = body._file
    assert file
    octets = os.pread(file.fileno(), 1 << 20, 0)
    assert len(octets) == body.size
    assert b"quarter" not in octets
    assert b"numbers" not in octets
    assert drafted(Spool(tmp_path, 0), bytes(64)).read() == bytes(64)


def test_body_files_have_keys_of_their_own(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 0)
    octets = {
        os.pread(body._file.fileno(), 64, 0)
        for body in (drafted(spool, bytes(64)) for _ in range(3))
        if body._file
    }

    assert len(octets) == 3
