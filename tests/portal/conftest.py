"""One portal for all tests of it: starting it takes longer than most of them."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from demo.sink import Sink
from portal_place import Place, place
from reply_desk import Desk


@pytest.fixture(scope="session")
def portal() -> Iterator[Place]:
    """A portal that runs; addresses and networks are not used twice, as they have limits."""
    with place() as running:
        yield running


@pytest.fixture
def here(portal: Place) -> Place:
    """The portal, with nothing left of the tests before."""
    portal.sink.take(len(portal.sink.deliveries))
    return portal


@pytest.fixture(scope="module")
def module_desk() -> Iterator[Desk]:
    with ExitStack() as running:
        inside = running.enter_context(Sink())
        replies = f"  replies: {{submit_to: 127.0.0.1:{inside.port}, text: 4KiB, files: 2, file: 1MiB}}\n"
        yield Desk(running.enter_context(place(more=replies)), inside)


@pytest.fixture
def desk(module_desk: Desk) -> Desk:
    for sink in (module_desk.inside, module_desk.place.sink):
        sink.take(len(sink.deliveries))
    return module_desk
