"""What message.html posts is in the store when all of it has come, and only ciphertext."""

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postseal.portal.posting import Posting
from postseal.portal.refusal import Reason, Refused
from postseal.sealed.container import sealed
from postseal.store.containers import PIECE, Containers, kept, posted
from postseal.store.engine import Store
from postseal.store.migrate import migrate

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MESSAGE = bytes(range(16))
MINUTE = timedelta(minutes=1)


@pytest.fixture
def containers(tmp_path: Path) -> Iterator[Containers]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        yield Containers(store)


@pytest.mark.parametrize("size", [0, 1, PIECE - 100, 2 * PIECE + 1])
@pytest.mark.parametrize("cut", [50, 1 << 16, 3 * PIECE])
def test_posting_is_found_by_its_handle_when_it_is_whole(containers: Containers, size: int, cut: int) -> None:
    octets = b"".join(sealed([bytes(size)], os.urandom(32), MESSAGE))
    posting = Posting(containers, bool, at=NOON, until=NOON + timedelta(hours=1))
    for start in range(0, len(octets), max(cut, len(octets) // 100)):
        posting(octets[start : start + max(cut, len(octets) // 100)])

    handle = posting.end()

    found = containers.find(posted(handle), NOON)
    assert found
    assert (found.message, found.size, found.until) == (MESSAGE, len(octets), NOON + timedelta(hours=1))
    assert b"".join(containers.pieces(found)) == octets
    assert containers.find(posted(handle), NOON + timedelta(hours=1)) is None


@pytest.mark.parametrize("octets", [b"", b"POSTSEAL", b"x" * 1000, b"POSTSEAL\x02" + bytes(200)])
def test_posting_of_no_container_is_refused_and_leaves_nothing(containers: Containers, octets: bytes) -> None:
    posting = Posting(containers, bool, at=NOON, until=NOON)

    def post() -> None:
        posting(octets)
        posting.end()

    with pytest.raises(Refused) as raised:
        post()

    assert raised.value.reason is Reason.NOT_SEALED
    assert containers.tidy(NOON + timedelta(days=1)) == 0


def test_posted_again_and_again_keeps_the_newest_twenty_and_the_copy_for_the_link(
    containers: Containers,
) -> None:
    octets = b"".join(sealed([b"text"], os.urandom(32), MESSAGE))
    containers.keep(kept(MESSAGE), MESSAGE, [octets], at=NOON, until=None)
    handles = []
    for minute in range(25):
        posting = Posting(containers, bool, at=NOON + minute * MINUTE, until=NOON + timedelta(days=1))
        posting(octets)
        handles.append(posting.end())

    found = [bool(containers.find(posted(handle), NOON)) for handle in handles]

    assert found == [False] * 5 + [True] * 20
    assert containers.find(kept(MESSAGE), NOON)


def test_posting_that_is_dropped_leaves_nothing(containers: Containers) -> None:
    posting = Posting(containers, bool, at=NOON, until=NOON + timedelta(days=1))
    posting(b"".join(sealed([bytes(2 * PIECE)], os.urandom(32), MESSAGE))[: PIECE + 100])

    posting.drop()

    assert containers.tidy(NOON + timedelta(days=2)) == 0
