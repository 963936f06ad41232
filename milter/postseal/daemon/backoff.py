"""When to fork again after workers died: at once, or ever later if they die as soon as they live."""

import time
from typing import Final

_SHORT_LIFE: Final = 1.0
"""Seconds; who dies younger dies of something that a new one will die of too."""
_LONGEST: Final = 30.0


class Backoff:
    """*delay*: seconds that were waited last.  *at*: time.monotonic() before which nobody is forked."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.at = 0.0
        self._grown = 0.0

    def died(self, born: float) -> None:
        """A worker died that was forked at *born* (time.monotonic())."""
        if born < self._grown:  # forked before the last delay: it tells nothing new
            return
        if time.monotonic() - born < _SHORT_LIFE:
            self.failed()
        else:
            self.delay = self.at = 0.0

    def failed(self) -> None:
        """A new worker would not live, or could not even be forked."""
        self._grown = time.monotonic()
        self.delay = min(max(0.2, 2 * self.delay), _LONGEST)
        self.at = self._grown + self.delay
