"""docs/interop.md is true: whoever reads what we make still does, and we read what all of them make.

Thunderbird's libraries take part in `make interop` alone; they are a large download.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from interop_lab.bouncy_castle import BouncyCastle
from interop_lab.gpgsm import Gpgsm
from interop_lab.matrix import NOT, OURS, READ, believed, cells, peers, read_by, we_read
from interop_lab.nss import MAKES
from interop_lab.openssl import Openssl
from interop_lab.peer import Peer
from smime_lab import ENTITY, squeezed

PAGE = (Path(__file__).parent.parent.parent / "docs/interop.md").read_text()
BELIEVED = believed(PAGE)
REFUSED = "encrypted: RSA v1.5, AES-256-GCM in EnvelopedData"
MADE = [
    *(("NSS (Debian)", what) for what in MAKES),
    *((peer.name, what) for peer in (Openssl, Gpgsm, BouncyCastle) for what in peer.makes),
]


@pytest.fixture(scope="session")
def others() -> Iterator[dict[str, Peer]]:
    """All peers by their names, Thunderbird's libraries apart."""
    with contextlib.closing(_kept()) as kept:
        yield next(kept)


def _kept() -> Iterator[dict[str, Peer]]:
    with peers() as found:
        yield {peer.name: peer for peer in found}


def test_page_has_a_row_for_everything_we_make_and_read() -> None:
    assert set(BELIEVED) == set(OURS)
    assert {(row[0], row[1]) for row in cells(PAGE)} >= set(MADE)


@pytest.mark.parametrize("name", OURS)
def test_others_read_what_we_make(name: str, others: dict[str, Peer]) -> None:
    for peer, verdict in BELIEVED[name].items():
        if peer in others and verdict != NOT:  # a newer version may read more
            assert read_by(others[peer], OURS[name]) in {verdict, READ}, peer


@pytest.mark.parametrize(("peer", "what"), MADE)
def test_we_read_what_others_make(peer: str, what: str, others: dict[str, Peer]) -> None:
    assert we_read(others[peer], what) == (NOT if what == REFUSED else READ)


def test_bouncy_castle_reads_what_we_compress(others: dict[str, Peer]) -> None:
    castle = others["Bouncy Castle"]
    assert isinstance(castle, BouncyCastle)

    assert castle.decompresses(squeezed()) == ENTITY
