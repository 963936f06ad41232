"""A bench of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.bench import Bench, listener
from demo.sink import Sink
from postseal.delivery import Delivery
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate


@pytest.fixture
def bench(tmp_path: Path, sink: Sink) -> Iterator[Bench]:
    place = tmp_path / "store" / "store.sqlite"
    migrate(f"sqlite:///{place}")
    store = Store(f"sqlite:///{place}", timeout=30)
    result = Bench(Delivery(listener(sink.port), Journal(store), lambda: result.now[0]), sink, place)
    yield result
    store.close()
