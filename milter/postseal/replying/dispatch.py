"""Carries out what waits in the outbox, one reply at a time: to everybody once, however often it is tried.

People inside get ordinary mail, by the MTA's listener with the milter, so that policy sees it.  What goes to
everybody else, and to who wrote it, leaves sealed, by the listener without the milter, and never otherwise;
so does, for everybody, what its author restricts by a template.  A message that was forwarded is sealed
already.
What cannot leave now is tried again, later and later; what never can is told to who wrote it.

Any number of portals do this at the same time.  The journal knows who has his copy (`store.journal`); the
outbox only keeps two from doing the same work.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from postseal import log, message_file
from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.delivery import Delivery, Undelivered
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.finisher import Finisher
from postseal.guard.own import TEMPLATE
from postseal.message import Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.outcome import Copy
from postseal.policy.granting import granted_to, restricted
from postseal.replying.replies import nobody
from postseal.replying.undelivered import letter
from postseal.rights import OPTIONS, Right, Template
from postseal.sealed.container import Tampered, opened
from postseal.store.containers import waiting
from postseal.store.journal import Journal
from postseal.store.outbox import State, Target, Waiting, Way
from postseal.store.ring import Opened, Ring
from postseal.submission import Submission
from postseal.treatment import Treatment

_log = logging.getLogger(__name__)

_DELAYS: Final = (5, 10, 30, 60, 300, 900, 1800, 3600)
"""Seconds before each next try; the last one again and again."""
_LEASE: Final = timedelta(minutes=5)
_TOLD_FOR: Final = timedelta(days=1)
"""How long we try to tell that a reply was given up."""


@dataclass(frozen=True, slots=True)
class Dispatch:
    """*inside*, *outside*: the two listeners.  *sender*: the address that replies come from, and of the
    envelope: nothing that a mail server sends back leaves our house.  *branding*: finds one by its word; a
    reply has that of what it answers.  *counted*: hears `sent`, `deferred`,
    `failed` for each copy.  *finisher*: see `Delivery`.  *template*: finds one by its word."""

    ring: Ring
    method: OmeMethod
    inside: Submission
    outside: Submission
    sender: str
    branding: Callable[[str], Branding]
    spool: Spool
    clock: Callable[[], datetime]
    counted: Callable[[str], object]
    finisher: Finisher | None = None
    template: Callable[[str], Template | None] = OPTIONS.get

    def waiting(self) -> tuple[int, float]:
        """How many replies have to leave, and how many seconds old the oldest is.  Raises Failure."""
        number, since = self.ring.open().outbox.oldest()
        return number, (self.clock() - since).total_seconds() if since else 0.0

    def turn(self) -> bool:
        """Carry out one reply that is due; whether there was one.  Raises Failure if the store is away."""
        ring, at = self.ring.open(), self.clock()
        reply = ring.outbox.claim(at, _LEASE)
        if reply is None:
            return False
        message = self._message(ring, reply)
        if message is not None:
            self._submit(ring, reply, message)
        self._end(ring, reply, lost=() if message else reply.left)
        return True

    def _message(self, ring: Opened, reply: Waiting) -> Message | None:
        """What was written; None if the container is not what it was."""
        container = ring.containers.find(waiting(reply.id), self.clock())
        if container is None:
            _tell(logging.ERROR, "reply_lost", reply, why="the container is gone")
            return None
        try:
            body = opened(ring.containers.pieces(container), ring.outbox.key(reply), self.spool)
        except Tampered as tampered:
            _tell(logging.ERROR, "reply_lost", reply, why=tampered)
            return None
        return message_file.parsed(body)

    def _submit(self, ring: Opened, reply: Waiting, message: Message) -> None:
        journal = Journal(ring.store)
        for way in Way:
            targets = [each for each in reply.targets if each.way is way]
            left = [each for each in targets if each.state is State.WAITING]
            if not left:
                continue
            listener = self.inside if way is Way.INSIDE else self.outside
            delivery = Delivery(listener, journal, self.clock, self.finisher)
            try:
                leaves = self._leaving(ring, reply, message, targets)
                for target in left:
                    state, why = self._one(delivery, message, leaves[target], target)
                    ring.outbox.settle(reply.id, target, state, why)
                    event = "reply_sent" if state is State.SENT else "reply_refused"
                    _tell(
                        logging.INFO if state is State.SENT else logging.WARNING,
                        event,
                        reply,
                        way=way,
                        why=why,
                    )
                    self.counted(state.value)
            except Failure as failure:  # nor will the listener take the next one
                _tell(logging.WARNING, "reply_deferred", reply, cause=failure.cause, why=failure.detail)
                self.counted("deferred")
                ring.outbox.waits(reply.id, failure.detail)

    def _leaving(
        self, ring: Opened, reply: Waiting, message: Message, targets: Sequence[Target]
    ) -> Mapping[Target, Message]:
        """What leaves for each of *targets*, the same at each try; who has the same rights shares it."""
        groups: dict[Treatment, list[Target]] = {}
        for target in targets:
            if target.way in (Way.INSIDE, Way.READY):
                return dict.fromkeys(targets, message)
            groups.setdefault(self._treatment(ring, reply, message, target), []).append(target)
        found: dict[Target, Message] = {}
        for treatment, some in groups.items():
            found |= dict.fromkeys(some, self._sealed(reply, message.without(TEMPLATE), some, treatment))
        return found

    def _treatment(self, ring: Opened, reply: Waiting, message: Message, target: Target) -> Treatment:
        """What is to happen to the copy for *target*; who has written the reply restricts not himself."""
        treatment = Treatment(branding=self._branding(ring, reply).word)
        word = (message.first(TEMPLATE) or b"").strip().decode("ascii", "replace")
        if not word or target.way is Way.COPY:
            return treatment
        template = self.template(word)
        rights = granted_to(template, target.address, nobody) if template else frozenset[Right]()
        if template is None or Right.VIEW not in rights:
            # It had been there when the reply was taken; nothing leaves without it.
            detail = f"template '{word}' is gone, or grants nothing to a recipient any more"
            raise Failure(Cause.INTERNAL, detail)
        return restricted(replace(treatment, templates=(template,)), rights)

    def _sealed(
        self, reply: Waiting, message: Message, targets: Sequence[Target], treatment: Treatment
    ) -> Message:
        """The mail that carries *message*, for all of *targets*."""
        recipients = tuple(Recipient(each.address) for each in targets)
        order = Order(message, Envelope(reply.address, recipients), treatment)
        return self.method.protect(message, recipients, order=order)

    def _one(
        self, delivery: Delivery, message: Message, leaves: Message, target: Target
    ) -> tuple[State, str]:
        """Submit the copy for *target*; what became of it, and why.  Raises Failure to be tried again."""
        recipients = (Recipient(target.address),)
        copy = Copy(leaves, recipients, "plain" if target.way is Way.INSIDE else "ome")
        try:
            delivery.divide(message, Envelope(self.sender, recipients), [copy])
        except Undelivered as failure:
            if failure.cause is not Cause.SUBMISSION_REFUSED or failure.begun:
                raise
            return State.FAILED, failure.detail
        return State.SENT, ""

    def _end(self, ring: Opened, reply: Waiting, *, lost: Sequence[Target]) -> None:
        """Close what has ended; what has not comes again."""
        at = self.clock()
        known = ring.outbox.of(reply.id)
        if known is None:
            return
        over = lost or (known.left if at >= known.until else ())
        for target in over:
            ring.outbox.settle(reply.id, target, State.FAILED, "no try has succeeded")
            self.counted("failed")
        if known.left and not over:
            delay = _DELAYS[min(known.tries, len(_DELAYS)) - 1]
            ring.outbox.later(reply.id, at + timedelta(seconds=delay))
            return
        ended = ring.outbox.of(reply.id) or known
        try:
            self._told(ring, ended, at)
        except Failure as failure:
            _tell(logging.WARNING, "reply_not_told", reply, why=failure)
            if at < known.until + _TOLD_FOR:
                ring.outbox.later(reply.id, at + timedelta(seconds=_DELAYS[-1]))
                return
        ring.outbox.close(ended, at=at)
        with suppress(Failure):  # the seed is gone; where it was is overwritten sooner or later anyway
            ring.store.scrub("outbox")

    def _told(self, ring: Opened, reply: Waiting, at: datetime) -> None:
        missed = [each.address for each in reply.failed if each.way is not Way.COPY]
        if missed:
            language = self._branding(ring, reply).languages[0]
            told = letter(reply, missed, sender=self.sender, language=language, at=at)
            about = Message(told.message.all("Message-ID"), Body.of(b""))  # the same at each try
            delivery = Delivery(self.outside, Journal(ring.store), self.clock, self.finisher)
            delivery.tell(about, Envelope("", ()), [told])

    def _branding(self, ring: Opened, reply: Waiting) -> Branding:
        answered = ring.messages.of(reply.message)
        return self.branding(answered.brand if answered else "")


def _tell(level: int, event: str, reply: Waiting, **more: object) -> None:
    _log.log(level, "%s", log.line(event=event, reply=reply.id.hex(), tries=reply.tries, **more))
