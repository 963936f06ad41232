"""A store of its own for the method ome."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from postseal.store.migrate import migrate
from postseal.store.ring import Ring
from sealing import KEYS


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    ring = Ring(dsn, timeout=30, keys=KEYS)
    with closing(ring.open().store):
        yield ring
