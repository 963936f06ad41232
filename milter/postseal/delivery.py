"""Recipients who need different copies: one copy stays in the MTA, the others are submitted, each once.

Promises: nobody to whom a copy was submitted gets another one, however often the MTA or the sender
tries again, whichever worker or host it meets; and a copy of which that is not known is not given up.
An intent is on disk before the first octet is sent (`postseal.store.journal`).  Any failure leaves the
whole message with the MTA; when it comes again, only what is missing is submitted.
"""

import hashlib
import logging
import socket
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from postseal import log
from postseal.bounce import notice
from postseal.envelope import Envelope, Recipient, key
from postseal.errors import Cause, Failure
from postseal.finisher import Finisher, Note, Unreachable
from postseal.letter import Letter
from postseal.message import Message
from postseal.outcome import Copy
from postseal.recurrence import KEEP, has_own_id, told_from_others
from postseal.store.journal import Claim, Journal
from postseal.submission import Submission, Unknown

_log = logging.getLogger(__name__)

_LEASE: Final = 5
"""Timeouts of the submission for which a claim holds; after a crash, that is how long the next try has to
wait.  With a minute for each step it is as long as Postfix waits for us."""
_PATIENCE: Final = (0.0, 0.2, 1.0, 3.0)
"""Seconds before each try to note that a copy was taken: a database that restarts is back by then."""


@dataclass(slots=True)
class _Held:
    """What one attempt has claimed until *until*: *mine*, not submitted; *untold*, taken but not noted."""

    owner: str
    mine: set[bytes]
    until: datetime
    untold: set[bytes] = field(default_factory=set)


class Undelivered(Failure):
    """A copy cannot leave.  *recipients*: whose; *begun*: whether others may have got theirs already, so that
    nothing but another try is right."""

    def __init__(self, failure: Failure, recipients: tuple[Recipient, ...], *, begun: bool) -> None:
        super().__init__(failure.cause, failure.detail)
        self.recipients = recipients
        self.begun = begun


@dataclass(frozen=True, slots=True)
class Delivery:
    """Submits copies by *submission*, once, as *journal* remembers; time comes from *clock*.

    *finisher*: who ends submissions, so that they are noted whatever happens to us; None: we do.
    """

    submission: Submission
    journal: Journal
    clock: Callable[[], datetime]
    finisher: Finisher | None = None

    def divide(
        self,
        message: Message,
        envelope: Envelope,
        copies: Sequence[Copy],
        ready: Callable[[Copy], object] | None = None,
    ) -> Copy | None:
        """Submit all *copies* but one; the one that stays, or None if all recipients have been served.

        *message*: what the MTA has.  *ready*: raises Failure if a copy cannot stay, before anything is
        submitted; None: there is nobody with whom one could.  Raises Undelivered if a copy cannot leave,
        Failure if nothing can.
        """
        identified = has_own_id(message, envelope)
        told = told_from_others(message, identified=identified)
        keys = {
            recipient: _key(told, envelope, recipient) for copy in copies for recipient in copy.recipients
        }
        held = _Held(uuid.uuid4().hex, set(), self.clock())
        claims = self._claim(set(keys.values()), held)
        held.mine = {each for each, claim in claims.items() if claim is Claim.MINE}
        try:
            if Claim.BUSY in claims.values():
                failure = Failure(Cause.SUBMISSION, "another attempt at this message is under way")
                raise Undelivered(failure, envelope.recipients, begun=True)
            left = [remaining for copy in copies if (remaining := _without(copy, keys, claims))]
            staying = [copy for copy in left if ready and self.submission.keeps(copy)]
            stays = min(staying, key=lambda copy: _burden(copy, message), default=None)
            if stays and ready:
                with _begun(held, claims, envelope):
                    ready(stays)
            for copy in left:
                if copy is stays:
                    continue
                try:
                    self._submit(copy, envelope, {keys[each] for each in copy.recipients}, held)
                except Failure as failure:
                    begun = len(held.mine) < len(claims) or isinstance(failure, Unknown)
                    raise Undelivered(failure, copy.recipients, begun=begun) from failure
            with _begun(held, claims, envelope):
                self._keep(held)
        finally:
            self._leave(held, envelope)
        if not identified:
            # Such mail cannot be told from its like, which somebody may send on purpose.
            with _begun(held, claims, envelope):
                self.journal.forget(set(keys.values()))
        return stays

    def served(self, message: Message, envelope: Envelope, recipients: Collection[Recipient]) -> bool:
        """Whether one of *recipients* got his copy of *message* at an earlier try.  Raises Failure."""
        told = told_from_others(message, identified=has_own_id(message, envelope))
        return self.journal.any_done({_key(told, envelope, recipient) for recipient in recipients})

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=_LEASE * self.submission.timeout)

    def tell(self, message: Message, envelope: Envelope, letters: Sequence[Letter]) -> None:
        """Submit *letters* about *message*, each once.  Raises Failure if one has to be tried again.

        To be called before `divide`: if the message is tried again after it, no mail is sent twice.
        """
        identified = has_own_id(message, envelope)
        told = told_from_others(message, identified=identified)
        keys = {_key(told, envelope, Recipient(each.to), each.name): each for each in letters}
        held = _Held(uuid.uuid4().hex, set(), self.clock())
        claims = self._claim(set(keys), held)
        held.mine = {each for each, claim in claims.items() if claim is Claim.MINE}
        try:
            if Claim.BUSY in claims.values():
                raise Failure(Cause.SUBMISSION, "another attempt at this message is under way")
            for each in sorted(held.mine):
                to = Recipient(keys[each].to)
                own = Envelope("", (to,), queue_id=envelope.queue_id)
                try:
                    self._submit(Copy(keys[each].message, (to,), "notice"), own, {each}, held)
                except Failure as failure:
                    if failure.cause is not Cause.SUBMISSION_REFUSED or keys[each].vital:
                        raise
                    # Mail must not wait for a note that nobody will ever take.
                    _tell("notice_refused", envelope, {each}, why=failure.detail)
            self._keep(held)
        finally:
            self._leave(held, envelope)
        if not identified:
            self.journal.forget(set(keys))

    def _claim(self, keys: set[bytes], held: _Held) -> Mapping[bytes, Claim]:
        """Claim *keys*, or go on holding what is held."""
        at = self.clock()
        claims = self.journal.claim(keys, owner=held.owner, at=at, lease=self._lease)
        held.until = at + self._lease
        return claims

    def _keep(self, held: _Held) -> None:
        """Return if what is held will be ours long enough for one more step of a submission.

        Raises Failure if somebody else may have it: nothing more may be sent then.  Whoever was stopped
        for a while (a debugger, a suspended machine, a slow listener) finds out here.
        """
        left = held.until - self.clock()
        if left > self._lease / 2:
            return
        if set(self._claim(held.mine, held).values()) - {Claim.MINE}:
            raise Failure(Cause.SUBMISSION, "this attempt took too long; another took over")

    def _submit(self, copy: Copy, envelope: Envelope, taken: set[bytes], held: _Held) -> None:
        self._keep(held)
        at = self.clock()
        if copy.back:
            without, host = copy.recipients, self.submission.name
            told = notice(copy.message, envelope, without=without, host=host, at=at)
            envelope = Envelope("", (Recipient(envelope.sender),), queue_id=envelope.queue_id)
            copy = replace(copy, message=told, recipients=envelope.recipients)
        noted = False

        def end(connection: socket.socket) -> tuple[int, bytes] | None:
            nonlocal noted
            if self.finisher is None:
                return None
            note = Note(taken, held.owner, KEEP, held.until)
            try:
                ended = self.finisher.finish(connection, note, timeout=self.submission.timeout)
            except Unreachable:
                return None
            noted = ended.noted
            return ended.code, ended.text

        try:
            self.submission.submit(copy, envelope, at, lambda: self._keep(held), end)
        except BaseException as error:
            if not isinstance(error, Failure) or isinstance(error, Unknown):
                held.mine -= (
                    taken  # not released: until the lease ends nobody sends it, and then somebody does
                )
            raise
        held.mine -= taken
        if noted:
            return
        held.untold |= taken
        for seconds in _PATIENCE:
            time.sleep(seconds)
            if self._noted(held, envelope):
                return
        # The others must not wait for it, nor the sender: it matters only if this message comes again.

    def _noted(self, held: _Held, envelope: Envelope) -> bool:
        try:
            lost = self.journal.done(held.untold, owner=held.owner, at=self.clock(), keep=KEEP)
        except Failure as failure:
            _tell("not_noted", envelope, held.untold, why=failure.detail)
            return False
        if lost:
            _tell("claim_lost", envelope, lost)
        held.untold.clear()
        return True

    def _leave(self, held: _Held, envelope: Envelope) -> None:
        """Give back what was not sent, nor must wait for the end of the lease; never fails.

        What cannot be given back is free when the lease ends.
        """
        if held.untold:
            self._noted(held, envelope)
        try:
            self.journal.release(held.mine, owner=held.owner)
        except Failure as failure:
            _tell("not_released", envelope, held.mine, why=failure.detail)


@contextmanager
def _begun(held: _Held, claims: Collection[bytes], envelope: Envelope) -> Iterator[None]:
    """A failure within is told as one after which some have their copies, if they do."""
    try:
        yield
    except Failure as failure:
        if len(held.mine) == len(claims):
            raise
        raise Undelivered(failure, envelope.recipients, begun=True) from failure


def _tell(event: str, envelope: Envelope, keys: Collection[bytes], **more: object) -> None:
    line = log.line(event=event, queue_id=envelope.queue_id, recipients=len(keys), **more)
    _log.error("%s", line)


def _without(copy: Copy, keys: Mapping[Recipient, bytes], claims: Mapping[bytes, Claim]) -> Copy | None:
    """*copy* for those recipients who have not been served; None if there is nobody left."""
    left = tuple(recipient for recipient in copy.recipients if claims[keys[recipient]] is not Claim.DONE)
    return replace(copy, recipients=left) if left else None


def _burden(copy: Copy, message: Message) -> tuple[bool, bool, int]:
    """How much the MTA's message would have to change to become *copy*."""
    same_body = copy.message.body is message.body
    return not same_body, copy.message is not message, -len(copy.recipients)


def _key(told: bytes, envelope: Envelope, recipient: Recipient, *letter: str) -> bytes:
    parts = (
        told,
        key(envelope.sender).encode("utf-8", "surrogateescape"),
        key(recipient.address).encode("utf-8", "surrogateescape"),
        *(name.encode("utf-8", "surrogateescape") for name in letter),
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
