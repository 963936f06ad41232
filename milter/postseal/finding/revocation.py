"""What trust asks about revocation, answered from the store; nothing is fetched while mail waits.

What is not there yet is noted as wanted, and fetched soon by a process that handles no mail.
"""

import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cryptography import x509

from postseal.finding.shelf import Opening
from postseal.trust import crl, ocsp
from postseal.trust.crl import Crl

if TYPE_CHECKING:
    from postseal.store.revocations import Revocations, Wanted

_MEMORY_SECONDS: Final = 60.0
_WANTED_SECONDS: Final = 6 * 3600.0
"""How often a worker says that it wants something: a write for every look would hold up the mail."""
_UNKNOWN_SECONDS: Final = 2.0
"""What is wanted for the first time is there soon, and mail waits for it."""


class CachedRevocations:
    """The answers in the store that *opening* opens.  Threads may share it."""

    def __init__(self, opening: Opening, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._opening = opening
        self._clock = clock
        self._lock = threading.Lock()
        self._wanted: dict[bytes, float] = {}
        self._answers: dict[bytes, tuple[float, datetime | None, bytes | None]] = {}

    def lists(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Collection[Crl]:
        """The lists that *certificate* names, and their deltas.  Raises Failure(STORE)."""
        found = self._loaded(crl.addresses(certificate))
        more = [url for one in found for url in crl.deltas(one)]
        return [*found, *self._loaded(more)]

    def response(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes | None:
        """The last answer of the responder that *certificate* names.  Raises Failure(STORE)."""
        url = ocsp.address(certificate)
        return self._answered([(url, ocsp.question(certificate, issuer))])[0] if url else None

    def _loaded(self, urls: Collection[str]) -> list[Crl]:
        answers = self._answered([(url, b"") for url in urls])
        return [crl.load(octets) for octets in answers if octets]

    def _answered(self, several: Collection[tuple[str, bytes]]) -> list[bytes | None]:
        from postseal.store.revocations import Revocations, Wanted  # noqa: PLC0415 (as in Opening)

        store = self._opening.store()
        wanted = [Wanted(url, question) for url, question in several]
        if store is None or not wanted:
            return [None] * len(wanted)
        with self._lock:
            self._refresh(Revocations(store), wanted)
            return [self._answers[one.id][2] for one in wanted]

    def _refresh(self, kept: "Revocations", wanted: "Collection[Wanted]") -> None:
        now = self._clock()
        old = [one for one in wanted if self._answers.get(one.id, (float("-inf"),))[0] <= now]
        if not old:
            return
        if len(self._answers) > _MOST:
            self._wanted.clear()
            self._answers = {one.id: self._answers[one.id] for one in wanted if one.id in self._answers}
        fetched = kept.fetched([one.id for one in old])
        for one in old:
            _, known, octets = self._answers.get(one.id, (0.0, None, None))
            at = fetched.get(one.id)
            if at is None or at != known:
                octets = kept.answer(one.id) if at else None
            seconds = _MEMORY_SECONDS if octets else _UNKNOWN_SECONDS
            self._answers[one.id] = (now + seconds, at, octets)
        new = [one for one in old if self._wanted.get(one.id, float("-inf")) <= now]
        kept.want(new, datetime.now(UTC))
        self._wanted |= dict.fromkeys((one.id for one in new), now + _WANTED_SECONDS)


_MOST: Final = 5000
"""Answers in memory."""
