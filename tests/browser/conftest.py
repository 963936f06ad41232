"""One lab for all tests with a browser."""

import os
from collections.abc import Iterator

import pytest

from browser_lab import CHROMIUM, Lab, lab


@pytest.fixture(scope="session")
def chromium_lab() -> Iterator[Lab]:
    """Postfix, Postseal, the portal, and Chromium."""
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: contrib/install-tools installs it")
    with lab() as running:
        yield running
