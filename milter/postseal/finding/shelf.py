"""The store of certificates as a search needs it: opened late, and empty where there is none yet."""

import os
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from postseal.store.kept import Kept, New, Origin

if TYPE_CHECKING:
    from postseal.store.engine import Store


class Shelf(Protocol):
    """What a search asks the store, in the words of `store.certificates`."""

    def of(self, address: str) -> tuple[Kept, ...]:
        """All that is kept for *address*."""
        ...

    def asked(self, address: str, at: datetime) -> frozenset[Origin]:
        """Whose answer about *address* counts at the time *at*."""
        ...

    def found(
        self, origin: Origin, address: str, news: Sequence[New], *, at: datetime, until: datetime
    ) -> None:
        """Keep an answer."""
        ...

    def distrusted(self) -> frozenset[bytes]:
        """Those never to be believed."""
        ...


class Empty:
    """Where no store was ever made: a command of the administrator before the daemon's first start."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []

    def of(self, address: str) -> tuple[Kept, ...]:
        """What was found since."""
        return tuple(kept for kept in self._kept if kept.address == address)

    def asked(self, address: str, at: datetime) -> frozenset[Origin]:
        """Nobody."""
        return frozenset()

    def found(
        self, origin: Origin, address: str, news: Sequence[New], *, at: datetime, until: datetime
    ) -> None:
        """Keep it as long as the command runs."""
        self._kept += [Kept.found(new, address, origin, at) for new in news]

    def distrusted(self) -> frozenset[bytes]:
        """None."""
        return frozenset()


class Opening:
    """Opens the store *dsn* once for each process: nothing of a database survives a fork."""

    def __init__(self, dsn: str, *, timeout: float) -> None:
        self._dsn = dsn
        self._timeout = timeout
        self._lock = threading.Lock()
        self._empty = Empty()
        self._opened: tuple[int, Store | None] | None = None

    def store(self) -> "Store | None":
        """The store; None if it is a file that was never made."""
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = (os.getpid(), self._open())
            return self._opened[1]

    def shelf(self) -> Shelf:
        """The certificates in it."""
        store = self.store()
        if store is None:
            return self._empty
        from postseal.store.certificates import Certificates  # noqa: PLC0415

        return Certificates(store)

    def _open(self) -> "Store | None":
        # Commands that look for nothing would wait for a database's libraries, too.
        from postseal.store.engine import Store, parse  # noqa: PLC0415

        url = parse(self._dsn)
        if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
            return None
        return Store(self._dsn, timeout=self._timeout)
