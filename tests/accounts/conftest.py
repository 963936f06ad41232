"""A provider that says whatever a test wants."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from providerserver import ProviderServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProviderServer]:
    with ProviderServer(tmp_path) as running:
        yield running
