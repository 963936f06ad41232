"""A lab for all tests of a module with a browser.

Not of the session: while the browser is driven, its thread has an event loop, and asyncio.run has none.
"""

import os
from collections.abc import Iterator

import pytest

from browser import CHROMIUM
from browser_lab import Lab, lab


@pytest.fixture(scope="module")
def chromium_lab() -> Iterator[Lab]:
    """Postfix, Postseal, the portal, and Chromium."""
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: contrib/install-tools installs it")
    with lab() as running:
        yield running
