"""Portals in processes of their own, as on several hosts, carry out what waits: each copy once."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import postgres
from demo.place import open_directory
from postseal.replying.original import Whom
from postseal.store.journal import Journal
from replying.conftest import ANN, BOB, CAT, Desk, at

REPLIES, PORTALS = 12, 4


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A store that many use."""
    if request.param == "sqlite":
        with at(f"sqlite:///{tmp_path}/store/store.sqlite", tmp_path) as desk:
            yield desk
        return
    if postgres.programs() is None:
        pytest.skip("no PostgreSQL: contrib/install-tools installs it")
    with (
        open_directory() as folder,
        postgres.Postgres(folder) as server,
        at(server.new_schema(), tmp_path) as desk,
    ):
        yield desk


def worked(desk: Desk, *, dies_after: int = 0) -> int:
    """A portal that does what is due; its process id.  *dies_after*: notes of copies, then it is killed."""
    child = os.fork()
    if child:
        return child
    done, noted = Journal.done, 0

    def counted(*arguments: object, **named: object) -> object:
        nonlocal noted
        result = done(*arguments, **named)  # type: ignore[arg-type] # passed on
        noted += 1
        if noted == dies_after:
            os._exit(9)
        return result

    Journal.done = counted  # type: ignore[method-assign,assignment] # in this process
    try:
        for _ in range(20):
            desk.turns(6)
    finally:
        os._exit(0)


def test_portals_send_each_copy_once_though_one_is_killed(shared: Desk) -> None:
    for number in range(REPLIES):
        shared.send(Whom.ALL, nonce=bytes([number]) * 16, copy=True)

    children = [worked(shared, dies_after=3), *(worked(shared) for _ in range(PORTALS - 1))]
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    for _ in range(3):
        shared.turns(3600)

    assert ends == [9, *(0 for _ in range(PORTALS - 1))]
    assert shared.ring.open().outbox.oldest() == (0, None)
    got = Counter(each.addresses[0] for sink in (shared.inside, shared.outside) for each in sink.deliveries)
    assert got == dict.fromkeys((ANN, "dan@lab.test", BOB, CAT), REPLIES)
