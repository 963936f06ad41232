"""Certificates that come with signed mail are kept for the answers, so that nobody has to look for them.

Only from mail whose signature is good, of a certificate that we believe, and of the author.  Keeping one is a
favour: whatever goes wrong with it, the mail goes on.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from postseal import log
from postseal.cms import name
from postseal.cms.layer import Signed
from postseal.cms.signer_info import Signature
from postseal.envelope import key
from postseal.errors import Failure
from postseal.finding.candidate import new
from postseal.settings.smime import KeyChange
from postseal.store.kept import New, Outcome, Said
from postseal.trust.trust import Trust, Use

_log = logging.getLogger(__name__)

_REMEMBERED: Final = 5000
_PAUSE_SECONDS: Final = 30.0
"""How long a store that failed is not asked again: the mail must not wait for it time and again."""


class Keeps(Protocol):
    """What a harvest asks the store."""

    def harvest(
        self,
        new: New,
        addresses: list[str],
        *,
        at: datetime,
        rule: KeyChange,
        issuers: Sequence[New] = (),
        said: Said | None = None,
    ) -> dict[str, Outcome]:
        """Keep a certificate, those between it and its anchor, and what its owner's programs read."""
        ...


class Harvest:
    """Keeps what *store* opens; *rule*: what becomes of a new key for somebody who has one."""

    def __init__(
        self,
        store: Callable[[], Keeps | None],
        trust: Trust,
        rule: KeyChange,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._trust = trust
        self._rule = rule
        self._monotonic = monotonic
        self._seen: OrderedDict[tuple[bytes, str], frozenset[str]] = OrderedDict()
        self._resume = float("-inf")

    def keep(self, layer: Signed, signature: Signature, author: str, at: datetime) -> None:
        """Keep the certificate that the signer *author* wants to have mail encrypted with.

        With it, what his programs read; but for what he did not date, which might be as old as can be.
        """
        path = self._wanted(layer, signature, at)
        certificate = path[0] if path else None
        if certificate is None or key(author) not in map(key, self._trust.addresses(certificate)):
            return
        seen = (certificate.fingerprint(hashes.SHA256()), key(author))
        words = signature.capabilities if signature.signed_at else frozenset()
        if self._seen.get(seen) == words or self._monotonic() < self._resume:
            return
        try:
            store = self._store()
            if store is None:
                return
            # Nobody sends the issuers along when we answer.
            issuers = [new(one) for one in path[1:-1]]
            # Nobody's clock may make his word count for longer than the next one.
            said = Said(words, min(signature.signed_at, at)) if words and signature.signed_at else None
            outcomes = store.harvest(
                new(certificate), [key(author)], at=at, rule=self._rule, issuers=issuers, said=said
            )
        except Failure as failure:
            self._resume = self._monotonic() + _PAUSE_SECONDS
            _log.warning("%s", log.line(event="not_harvested", address=author, why=failure.detail))
            return
        self._remember(seen, words)
        if Outcome.PENDING in outcomes.values():
            what = "another certificate than the one that is pinned; see postseal certs list"
            _log.warning("%s", log.line(event="certificate_pending", address=author, what=what))

    def _wanted(self, layer: Signed, signature: Signature, at: datetime) -> tuple[x509.Certificate, ...]:
        """The path of the certificate that the signer prefers, or of his own; () if none will do."""
        candidates = [one for one in layer.sent if _named(one, signature)]
        for certificate in [*candidates, *([signature.certificate] if signature.certificate else [])]:
            try:
                verdict = self._trust.judge(certificate, layer.sent, at=at, use=Use.ENCRYPT)
            except Failure:
                return ()
            if not verdict.rule:
                return verdict.path
        return ()

    def _remember(self, seen: tuple[bytes, str], words: frozenset[str]) -> None:
        self._seen[seen] = words
        self._seen.move_to_end(seen)
        while len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def _named(certificate: x509.Certificate, signature: Signature) -> bool:
    wanted = signature.prefers
    return wanted is not None and (name.issuer(certificate), name.serial(certificate)) == (
        wanted.issuer,
        wanted.serial,
    )
