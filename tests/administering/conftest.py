"""One administrators' page for all tests of it."""

from collections.abc import Iterator

import pytest

from admin_place import Office, office


@pytest.fixture(scope="session")
def open_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as running:
        yield running


@pytest.fixture
def at(open_office: Office) -> Office:
    """The office, with nothing left of the tests before."""
    open_office.here.sink.take(0)
    return open_office
