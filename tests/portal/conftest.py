"""One portal for all tests of it: starting it takes longer than most of them."""

from collections.abc import Iterator

import pytest

from portal_place import Place, place


@pytest.fixture(scope="session")
def portal() -> Iterator[Place]:
    """A portal that runs; addresses and networks are not used twice, as they have limits."""
    with place() as running:
        yield running


@pytest.fixture
def here(portal: Place) -> Place:
    """The portal, with nothing left of the tests before."""
    portal.sink.take(0)
    return portal
