"""What arrives: anybody's mail, a copy of ours that came back, or mail that was let out of quarantine.

Promises: policy never sees a header field of ours that somebody else may have written.  A copy of ours that
came back, because the listener for copies has this milter too, goes on unchanged, once.  A released
message is judged as it was when it first came.  What looks like one of these and is not, is anybody's
mail; it is deferred where it might go unprotected so.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from postseal import log
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.guard import held
from postseal.guard.own import stripped
from postseal.guard.seal import NotHonoured, Verdict
from postseal.guard.trace import Guard, Recognised
from postseal.message import Message
from postseal.metrics import Metrics
from postseal.outcome import Copy, Held, Outcome, Reply
from postseal.remedy import deferral
from postseal.store.journal import Claim, Journal

_log = logging.getLogger(__name__)

RELEASE: Final = "postseal-release"
"""The MTA's name for the listener to which it gives back what was released (milter_macro_daemon_name)."""
AGAIN: Final = "postseal-opened"
"""Its name for the listener to which it gives mail that we have opened, once aliases are expanded."""
UNCHANGED: Final = "unchanged"
"""In place of a method's word, for a copy of ours that goes on as it came."""

_GUARD, _HELD = _KINDS = ("guard", "held")
_CIRCLING: Final = Reply(554, "5.4.6", "This message has passed too many mail servers.", Cause.LIMIT)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message to be judged: without fields of ours, and with the *envelope* that policy is to go by.

    *outcome*: what becomes of it where policy is not asked.  *actual*: for a released message, the
    recipients that the MTA has now, by those of *envelope*.
    """

    message: Message
    envelope: Envelope
    outcome: Outcome | None = None
    actual: Mapping[Recipient, tuple[Recipient, ...]] | None = None

    def resolved(self, outcome: Outcome) -> Outcome:
        """*outcome* with the recipients that the MTA has now."""
        if self.actual is None or not isinstance(outcome, list):
            return outcome
        return [
            replace(copy, recipients=tuple(now for each in copy.recipients for now in self.now(each)))
            for copy in outcome
        ]

    def now(self, recipient: Recipient) -> tuple[Recipient, ...]:
        """Whom the MTA has now for *recipient*, as policy knows it."""
        return (self.actual or {}).get(recipient, (recipient,))


@dataclass(frozen=True, slots=True)
class Reception:
    """Knows our mail by *guard*, and what of it was honoured by *journal*; without one, no copy is known.

    *hold*: whether the MTA gives back to us what an administrator releases.
    """

    guard: Guard
    clock: Callable[[], datetime]
    metrics: Metrics
    journal: Journal | None = None
    hold: bool = False

    def __post_init__(self) -> None:
        for kind in _KINDS:  # a counter that is not there yet cannot be alerted on
            for verdict in Verdict:
                self.metrics.seals.labels(kind, verdict.value)

    def arrived(self, message: Message, envelope: Envelope, *, listener: str, hops: int) -> Arrived:
        """What *message* is; *listener*: the MTA's name for where it came, *hops*: how many it may have had.

        Raises Failure(STORE) if a copy of ours came back and it cannot be noted.
        """
        clean = stripped(message)
        if len(message.all("Received")) > hops:
            return Arrived(clean, envelope, _CIRCLING)
        if listener == RELEASE:
            return self._released(message, clean, envelope)
        if message.all(held.NAME):
            if held.sealed_here(self.guard.seal, message):
                # Released, it seems, but its client is unknown here: judged as it is, it might go plain.
                return self._doubtful(clean, envelope, f"a held message came to {listener or 'a listener'}")
            self._suspect(_HELD, Verdict.FORGED, envelope)
        # A copy that was opened comes to that listener because it was, and is not let pass for being ours.
        if listener != AGAIN and self.journal and (ours := self._came_back(message, envelope)):
            if ours.tls:
                # What filters it to TLS is set when we add our field, and that was done elsewhere.
                detail = "a copy that must not travel without TLS came back: submit_to leads to this milter"
                return Arrived(clean, envelope, deferral(Cause.SUBMISSION, detail))
            return Arrived(clean, envelope, [Copy(clean, envelope.recipients, UNCHANGED)])
        return Arrived(clean, envelope)

    def held(self, arrived: Arrived, outcome: Held) -> Message:
        """The message as the MTA is to hold it.  Raises Failure if it must not."""
        if not self.hold:
            raise Failure(Cause.UNWRITABLE, f"held_mail_returns is not set, so not held: {outcome.reason}")
        field = held.held(
            self.guard.seal, arrived.message, arrived.envelope, rules=outcome.rules, at=self.clock()
        )
        return arrived.message.adding(field)

    def _released(self, message: Message, clean: Message, envelope: Envelope) -> Arrived:
        try:
            found = held.released(self.guard.seal, message, envelope)
        except NotHonoured as error:
            return self._doubtful(clean, envelope, f"at {RELEASE}, a message that was not held: {error}")
        self.metrics.seals.labels(_HELD, Verdict.HONOURED).inc()
        rules = ",".join(sorted(found.envelope.released))
        _log.info("%s", log.line(event="released", queue_id=envelope.queue_id, rules=rules))
        return Arrived(clean, found.envelope, actual=found.actual)

    def _doubtful(self, clean: Message, envelope: Envelope, detail: str) -> Arrived:
        self.metrics.seals.labels(_HELD, Verdict.OTHER).inc()
        return Arrived(clean, envelope, deferral(Cause.RELEASE, detail))

    def _came_back(self, message: Message, envelope: Envelope) -> Recognised | None:
        at = self.clock()
        try:
            found = self.guard.recognised(message, envelope, at)
            if found is None:
                return None
            if not found.tls:  # such a copy is tried again
                self._claim(found.key, at)
        except NotHonoured as error:
            self._suspect(_GUARD, error.verdict, envelope)
            return None
        self.metrics.seals.labels(_GUARD, Verdict.HONOURED).inc()
        what = "a copy of ours came back: does the listener of submit_to have this milter?"
        _log.warning("%s", log.line(event="loop", queue_id=envelope.queue_id, what=what))
        return found

    def _claim(self, key: bytes, at: datetime) -> None:
        """Note that *key* is honoured, as long as it could be.  Raises NotHonoured if it was before."""
        assert self.journal is not None  # noqa: S101 (for the type checker)
        claims = self.journal.claim({key}, owner=uuid.uuid4().hex, at=at, lease=2 * self.guard.age)
        if claims[key] is not Claim.MINE:
            raise NotHonoured(Verdict.REPLAYED)

    def _suspect(self, kind: str, verdict: Verdict, envelope: Envelope) -> None:
        """Count what is not honoured; tell of what does not come about in ordinary mail."""
        self.metrics.seals.labels(kind, verdict).inc()
        if verdict not in {Verdict.FOREIGN, Verdict.OTHER}:
            line = log.line(
                event="seal", kind=kind, verdict=verdict, queue_id=envelope.queue_id or "-",
                client=envelope.client.address, what="treated as any mail",
            )  # fmt: skip
            _log.warning("%s", line)
