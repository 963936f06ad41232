"""What tests of the search share: a store of certificates."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from postseal.store.certificates import Certificates
from postseal.store.engine import Store
from postseal.store.migrate import migrate


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Certificates]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    with closing(Store(dsn, timeout=30)) as store:
        yield Certificates(store)
