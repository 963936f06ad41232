"""How busy a worker is, and the sign of life it gives while a message takes long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

BEAT_SECONDS: Final = 10.0
"""Between two signs of life; Postfix gives up after milter_content_timeout, 300 s by default."""


class Traffic:
    """Connections and messages under way; a worker may go when it has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.connections = 0
        self.messages = 0

    def connection(self, change: int) -> None:
        """One connection more (1) or less (-1)."""
        with self._lock:
            self.connections += change

    def message(self, change: int) -> None:
        """One message more (1) or less (-1)."""
        with self._lock:
            self.messages += change


class Pulse:
    """Tells the MTA, from a thread of its own, that work on a message goes on.

    A call that is under way when the work ends is waited for, so that its bytes never mix with the
    answer's on the same socket.
    """

    def __init__(self, seconds: float = BEAT_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._due: dict[Callable[[], object], float] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def beating(self, progress: Callable[[], object]) -> Iterator[None]:
        """Call *progress* every so often while the block runs."""
        with self._lock:
            self._due[progress] = time.monotonic() + self._seconds
            if self._thread is None:  # not before: a thread does not survive the fork of a worker
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._due[progress]

    def _run(self) -> None:
        while True:
            time.sleep(self._seconds / 4)
            with self._lock:
                now = time.monotonic()
                for progress in [known for known, due in self._due.items() if due <= now]:
                    self._due[progress] = now + self._seconds
                    try:
                        progress()
                    except Exception:  # noqa: BLE001, S112 (a dead connection shows when the answer is given)
                        continue
