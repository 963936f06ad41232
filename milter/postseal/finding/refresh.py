"""Fetches what issuers say about revocation: off the way of the mail, each in its turn, before it ends."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Final

from postseal import log
from postseal.finding import web
from postseal.store.revocations import Revocations, Wanted
from postseal.trust import crl, ocsp

_log = logging.getLogger(__name__)

_SOONEST: Final = timedelta(minutes=5)
_LATEST: Final = timedelta(hours=12)
_FIRST_RETRY: Final = timedelta(minutes=1)
_LAST_RETRY: Final = timedelta(hours=1)
_CLAIM: Final = timedelta(minutes=5)
_UNWANTED: Final = timedelta(days=30)
_SECONDS: Final = 30.0
_LARGEST: Final = {"list": 64 << 20, "response": 1 << 20}
_AT_ONCE: Final = 4


class Refresh:
    """Fetches into *kept*; one turn after the other."""

    def __init__(
        self, kept: Revocations, clock: Callable[[], datetime], *, seconds: float = _SECONDS
    ) -> None:
        self._kept = kept
        self._clock = clock
        self._seconds = seconds
        self._failures: dict[bytes, int] = {}

    def turn(self) -> int:
        """Fetch what is due, and forget what nobody wants any more; how much was due.  Raises Failure."""
        at = self._clock()
        due = self._kept.claim(at, until=at + _CLAIM, limit=8 * _AT_ONCE)
        # One that hangs must not keep the others waiting for long.
        with ThreadPoolExecutor(_AT_ONCE, "fetch") as threads:
            for _ in threads.map(self._fetch, due):
                pass
        if not due:
            self._kept.tidy(at - _UNWANTED)
        return len(due)

    def _fetch(self, wanted: Wanted) -> None:
        kind = "response" if wanted.question else "list"
        try:
            octets = web.fetch(
                wanted.url,
                seconds=self._seconds,
                largest=_LARGEST[kind],
                question=wanted.question,
                kind="application/ocsp-request" if wanted.question else "",
            )
            end = ocsp.end(octets) if wanted.question else crl.load(octets).not_after
        except (web.Unreachable, ValueError) as error:
            self._failed(wanted, kind, str(error))
            return
        self._failures.pop(wanted.id, None)
        at = self._clock()
        # Halfway to its end: a server that is down has the other half to come back.
        due = at + min(max((end - at) / 2, _SOONEST), _LATEST)
        self._kept.save(wanted, octets, at=at, due=due)
        _log.info(
            "%s", log.line(event="revocations_fetched", what=kind, url=wanted.url, until=end.isoformat())
        )

    def _failed(self, wanted: Wanted, kind: str, why: str) -> None:
        failures = self._failures.get(wanted.id, 0)
        self._failures[wanted.id] = min(failures + 1, 10)
        self._kept.failed(wanted, why, due=self._clock() + min(_FIRST_RETRY * 2**failures, _LAST_RETRY))
        _log.warning("%s", log.line(event="revocations_not_fetched", what=kind, url=wanted.url, why=why))
