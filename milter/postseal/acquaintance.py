"""Who has written to whom before, as policies ask for it; remembered in the store that all hosts share.

The store is opened when the first rule asks, once in each process, and where none was ever made everybody
is a stranger: that is a command of the administrator before the first start.  The key of what is remembered
comes from the secret of `guard.secret`; hosts that share a store need the same one.
"""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from postseal.errors import BadInput, Cause, Failure
from postseal.finding.shelf import Opening
from postseal.guard.secret import derived, load

if TYPE_CHECKING:
    from postseal.store.acquaintances import Acquaintances

_OCTETS: Final = 32


class Memory:
    """*secret*: the file; *keep*: how long two who stop writing are remembered.  Threads may share it."""

    def __init__(self, opening: Opening, secret: Path, *, keep: timedelta) -> None:
        self._opening = opening
        self._secret = secret
        self._keep = keep
        self._lock = threading.Lock()
        self._key = b""

    def strangers(
        self, sender: str, recipients: Collection[str], message: bytes, at: datetime
    ) -> frozenset[str]:
        """Those of *recipients* to whom *sender* has sent nothing before *message*.  Raises Failure."""
        verbs = self._verbs()
        return verbs.strangers(sender, recipients, message, at) if verbs else frozenset(recipients)

    def note(self, sender: str, recipients: Collection[str], message: bytes, at: datetime) -> None:
        """*sender* has sent *message* to *recipients*.  Raises Failure(STORE)."""
        verbs = self._verbs()
        if verbs is None:
            raise Failure(Cause.STORE, "there is no store to remember in who has written to whom")
        verbs.note(sender, recipients, message, at)

    def _verbs(self) -> "Acquaintances | None":
        store = self._opening.store()
        if store is None:
            return None
        from postseal.store.acquaintances import Acquaintances  # noqa: PLC0415 (see Opening)

        with self._lock:
            if not self._key:
                try:
                    self._key = derived(load(self._secret), "acquaintances", _OCTETS)
                except BadInput as error:
                    raise Failure(Cause.STORE, str(error.problems[0])) from None
        return Acquaintances(store, self._key, keep=self._keep)
