"""Finds the certificates that mail to an address is encrypted with: source by source, the first that has one.

A certificate counts only if trust says so.  A source that fails is passed over; if none behind it has a
certificate either, the failure is told, for then it is not known that there is none.  Answers are kept in
memory for a moment, and those of sources elsewhere in the store, for all workers and hosts.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from postseal.certificates import purpose
from postseal.certificates.directory import CertificateDirectory
from postseal.certificates.purpose import MALFORMED
from postseal.envelope import domain_key, key, split
from postseal.errors import Cause, Failure, Place, Problem
from postseal.finding.bounded import Bounded
from postseal.finding.candidate import ORIGINS, Candidate, Remote, new
from postseal.finding.shelf import Shelf
from postseal.settings.smime import Lookup, Source
from postseal.store.kept import ISSUERS, Kept, New, Origin, Word
from postseal.trust.trust import Trust, Use
from postseal.trust.verdict import Rule

_MEMORY_SECONDS: Final = 30.0
_STALE_SECONDS: Final = 600.0
"""How long what every judgement needs of the store outlives a store that is down."""
_FAILURE_SECONDS: Final = 3.0
_REMEMBERED: Final = 20_000
_STRIPES: Final = 512


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found for an address: *failure* only where nothing is *usable*.

    *capabilities*: what the owners of usable ones have said that their programs read.
    """

    usable: tuple[x509.Certificate, ...] = ()
    refusals: tuple[Problem, ...] = ()
    failure: Failure | None = None
    capabilities: Mapping[x509.Certificate, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Background:
    """Fingerprints of those never to be believed, and authorities that help to find a path."""

    distrusted: frozenset[bytes] = frozenset()
    issuers: tuple[x509.Certificate, ...] = ()


class Finder:
    """Finds in the order of *lookup*; *kept* opens the store when needed.  Threads may share it."""

    def __init__(
        self,
        lookup: Lookup,
        directory: CertificateDirectory,
        kept: Callable[[], Shelf],
        trust: Trust,
        *,
        remotes: Mapping[Source, Remote],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lookup = lookup
        self._directory = directory
        self._kept = kept
        self._trust = trust
        self._remotes = {
            source: (remote, Bounded(source.value, lookup.timeout)) for source, remote in remotes.items()
        }
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._lock = threading.Lock()
        self._stripes = tuple(threading.Lock() for _ in range(_STRIPES))
        self._background: tuple[float, Background] = (float("-inf"), Background())

    def usable(self, address: str, at: datetime) -> tuple[x509.Certificate, ...]:
        """The certificates that mail to *address* can be encrypted with at the time *at*, best first.

        Raises Failure (LOOKUP, REVOCATION or STORE) if there is none and that is not certain.
        """
        answer = self._answer(address, at)
        if answer.failure:
            raise answer.failure
        return answer.usable

    def capabilities(self, address: str, certificate: x509.Certificate, at: datetime) -> frozenset[str]:
        """What the owner of *certificate*, found for *address*, has said that his programs read."""
        return self._answer(address, at).capabilities.get(certificate, frozenset())

    def until(self, address: str, at: datetime) -> datetime | None:
        """Until when mail to *address* can be encrypted; None if it cannot.  Raises as `usable`."""
        return max((each.not_valid_after_utc for each in self.usable(address, at)), default=None)

    def refusals(self, address: str, at: datetime) -> tuple[Problem, ...]:
        """Why the certificates of *address* that were found and cannot be used cannot."""
        return self._answer(address, at).refusals

    def _answer(self, address: str, at: datetime) -> Answer:
        wanted = key(address)
        # Those who ask for the same address wait for each other, and one asks.
        with self._stripes[hash(wanted) % _STRIPES]:
            with self._lock:
                until, answer = self._remembered.get(wanted, (float("-inf"), Answer()))
            if self._clock() < until:
                return answer
            answer = self._look(wanted, at)
            seconds = _FAILURE_SECONDS if answer.failure else _MEMORY_SECONDS
            with self._lock:
                self._remembered[wanted] = (self._clock() + seconds, answer)
                self._remembered.move_to_end(wanted)
                while len(self._remembered) > _REMEMBERED:
                    self._remembered.popitem(last=False)
            return answer

    def _look(self, address: str, at: datetime) -> Answer:
        search = _Search(address, at)
        refusals: list[Problem] = []
        failure: Failure | None = None
        try:
            background = self.background()
        except Failure as error:
            return Answer(failure=error)
        for source in self._lookup.sources:
            usable: dict[x509.Certificate, frozenset[str]] = {}
            try:
                candidates = self._candidates(source, search)
            except Failure as error:
                failure = failure or error
                continue
            for candidate in candidates:
                judge = self._trust.vouched if candidate.vouched else self._trust.judge
                try:
                    verdict = judge(
                        candidate.certificate,
                        background.issuers,
                        at=at,
                        use=Use.ENCRYPT,
                        distrusted=background.distrusted,
                    )
                except Failure as error:
                    failure = failure or error
                    continue
                why = str(verdict) if verdict.rule else self._stranger(candidate, source, address)
                if not why:
                    usable[candidate.certificate] = candidate.capabilities
                    continue
                refusals.append(Problem(candidate.place, f"the certificate cannot be used: {why}"))
                if verdict.rule is Rule.REVOCATION_UNKNOWN:
                    failure = failure or Failure(Cause.REVOCATION, f"{candidate.place}: {verdict.why}")
            if usable:
                best = sorted(usable, key=lambda one: one.not_valid_before_utc, reverse=True)
                best.sort(key=purpose.rarely_read)
                return Answer(tuple(best), tuple(refusals), capabilities=usable)
        return Answer((), tuple(refusals), failure)

    def _stranger(self, candidate: Candidate, source: Source, address: str) -> str:
        """Why a certificate that is believed is not for *address*, "" if it is."""
        # Whom an imported one is for is the administrator's word.
        if candidate.vouched or source in {Source.STORE, Source.DOMAIN}:
            return ""
        own = address in map(key, self._trust.addresses(candidate.certificate))
        return "" if own else f"{Rule.ADDRESS}: it does not certify {address}"

    def _candidates(self, source: Source, search: "_Search") -> Iterable[Candidate]:
        """Raises Failure."""
        match source:
            case Source.STORE:
                return _of(search.kept(self._kept), Origin.IMPORTED)
            case Source.HARVESTED:
                return _of(search.kept(self._kept), Origin.HARVESTED)
            case Source.DOMAIN:
                domain = f"@{domain_key(split(search.address)[1])}"
                return _of(self._kept().of(domain), Origin.IMPORTED)
            case Source.DIRECTORY:
                found = self._directory.of(search.address)
                said = {kept.fingerprint: kept.capabilities for kept in search.known}
                return [
                    Candidate(
                        known.certificate,
                        known.place,
                        True,
                        said.get(known.certificate.fingerprint(hashes.SHA256()), frozenset()),
                    )
                    for known in found
                ]
            case _:
                return self._ask(source, search)

    def _ask(self, source: Source, search: "_Search") -> Iterable[Candidate]:
        """What *source* answered lately, or answers now.  Raises Failure."""
        remote, bounded = self._remotes[source]
        kept = self._kept()
        if ORIGINS[source] in kept.asked(search.address, search.at):
            return _of(search.kept(self._kept), remote.origin, vouched=remote.vouches)
        found = bounded.ask(lambda: remote.find(search.address, self._lookup.timeout))
        keep = self._lookup.keep if found else self._lookup.keep_nothing
        until = search.at + timedelta(seconds=keep)
        kept.found(remote.origin, search.address, _news(found), at=search.at, until=until)
        # What an administrator said of one of them stands in the store.
        return _of(search.kept_now(self._kept), remote.origin, vouched=remote.vouches)

    def background(self) -> Background:
        """What every judgement needs of the store; one that is down for a moment does not change it."""
        until, known = self._background
        # Without a store, nothing can be listed.
        if self._clock() >= until and set(self._lookup.sources) != {Source.DIRECTORY}:
            try:
                kept = self._kept()
                issuers = tuple(one.certificate for one in _of(kept.of(ISSUERS), *Origin))
                known = Background(kept.distrusted(), issuers)
            except Failure:
                if self._clock() > until + _STALE_SECONDS:
                    raise
            else:
                self._background = (self._clock() + _MEMORY_SECONDS, known)
        return known

    def distrusted(self) -> frozenset[bytes]:
        """The fingerprints of those never to be believed.  Raises Failure(STORE)."""
        return self.background().distrusted


class _Search:
    """One search; the store is asked once about the address."""

    def __init__(self, address: str, at: datetime) -> None:
        self.address = address
        self.at = at
        self._known: tuple[Kept, ...] | None = None

    @property
    def known(self) -> tuple[Kept, ...]:
        """What was read of the store already."""
        return self._known or ()

    def kept(self, kept: Callable[[], Shelf]) -> tuple[Kept, ...]:
        if self._known is None:
            self._known = kept().of(self.address)
        return self._known

    def kept_now(self, kept: Callable[[], Shelf]) -> tuple[Kept, ...]:
        self._known = None
        return self.kept(kept)


def _news(found: Iterable[x509.Certificate]) -> list[New]:
    news = []
    for certificate in found:
        with suppress(*MALFORMED):  # one of an odd kind must not hide the others
            news.append(new(certificate))
    return news


def _of(kept: Iterable[Kept], *origins: Origin, vouched: bool = False) -> Iterable[Candidate]:
    for one in kept:
        if one.pending or one.origin not in origins:
            continue
        place = Place(f"{one.origin} {one.fingerprint.hex()[:16]}")
        try:
            certificate = x509.load_der_x509_certificate(one.octets)
        except MALFORMED:
            continue
        yield Candidate(certificate, place, vouched or one.word is Word.TRUSTED, one.capabilities)
