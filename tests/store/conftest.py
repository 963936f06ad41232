"""A store of each kind: SQLite in a folder of its own, PostgreSQL on a private server."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

import postgres as private
from demo.place import open_directory
from postgres import Postgres
from postseal.store.audit import Audit
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate
from postseal.store.sealed import SealedMessages


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL; a test that stops it starts it again."""
    if private.programs() is None:
        pytest.skip("no PostgreSQL: contrib/install-tools installs it")
    with open_directory() as directory, Postgres(directory) as running:
        yield running


@pytest.fixture
def sqlite_dsn(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store/store.sqlite"


@pytest.fixture
def postgres_dsn(server: Postgres) -> str:
    return server.new_schema()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_dsn(request: pytest.FixtureRequest) -> str:
    """A database of each kind, without a schema."""
    dsn: str = request.getfixturevalue(f"{request.param}_dsn")
    return dsn


@pytest.fixture
def dsn(empty_dsn: str) -> str:
    """A database of each kind, up to date."""
    migrate(empty_dsn)
    return empty_dsn


@pytest.fixture
def opened() -> Iterator[Callable[..., Store]]:
    """Opens stores: `opened(dsn, timeout=…)`."""
    with ExitStack() as stack:
        yield lambda dsn, *, timeout=30.0: stack.enter_context(closing(Store(dsn, timeout=timeout)))


@pytest.fixture
def store(dsn: str, opened: Callable[..., Store]) -> Store:
    return opened(dsn)


@pytest.fixture
def audit(store: Store) -> Audit:
    return Audit(store, b"audit" * 6 + b"ab")


@pytest.fixture
def messages(store: Store, audit: Audit) -> SealedMessages:
    return SealedMessages(store, audit)


@pytest.fixture
def journal(dsn: str, opened: Callable[..., Store]) -> Journal:
    return Journal(opened(dsn))
