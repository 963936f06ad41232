"""Recipients who need different copies: one copy stays in the MTA, the others are submitted, each once.

Promises: nobody to whom a copy was submitted gets another one, however often the MTA or the sender
tries again, whichever worker or host it meets; and a copy of which that is not known is not given up.
An intent is on disk before the first octet is sent (`postseal.store.journal`).  Any failure leaves the
whole message with the MTA; when it comes again, only what is missing is submitted.
"""

import hashlib
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from postseal import log
from postseal.envelope import Envelope, Recipient, key
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.outcome import Copy
from postseal.store.journal import Claim, Journal
from postseal.submission import Submission, Unknown

_log = logging.getLogger(__name__)

_LEASE: Final = 5
"""Timeouts of the submission for which a claim holds, renewed before each copy; after a crash, that is how
long the next try has to wait.  With a minute for each step it is as long as Postfix waits for us."""
_KEEP: Final = timedelta(days=7)
"""How long a retry is recognised: longer than any MTA keeps trying (RFC 5321 §4.5.4.1)."""

_SAME: Final = ("From", "Sender", "To", "Cc", "Subject", "In-Reply-To", "References")
"""Fields that are the same at each try; milters before us may add others that are not."""
_PATIENCE: Final = 3
"""How often it is tried to note that a copy was taken; a retry would have it sent again otherwise."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Submits copies by *submission*, once, as *journal* remembers; time comes from *clock*."""

    submission: Submission
    journal: Journal
    clock: Callable[[], datetime]

    def divide(
        self, message: Message, envelope: Envelope, copies: Sequence[Copy], ready: Callable[[Copy], object]
    ) -> Copy | None:
        """Submit all *copies* but one; the one that stays, or None if all recipients have been served.

        *message*: what the MTA has.  *ready*: raises Failure if a copy cannot stay, before anything is
        submitted.  Raises Failure if the message has to be tried again.
        """
        identified = _has_own_id(message, envelope)
        told = _digest(message, _SAME + ("Message-ID", "Date") * identified)
        keys = {
            recipient: _key(told, envelope, recipient) for copy in copies for recipient in copy.recipients
        }
        owner = uuid.uuid4().hex
        claims = self._claim(set(keys.values()), owner)
        mine = {each for each, claim in claims.items() if claim is Claim.MINE}
        try:
            if Claim.BUSY in claims.values():
                raise Failure(Cause.SUBMISSION, "another attempt at this message is under way")
            left = [remaining for copy in copies if (remaining := _without(copy, keys, claims))]
            stays = min(left, key=lambda copy: _burden(copy, message), default=None)
            if stays:
                ready(stays)
            for copy in left:
                if copy is stays:
                    continue
                taken = {keys[recipient] for recipient in copy.recipients}
                if set(self._claim(taken, owner).values()) != {Claim.MINE}:
                    raise Failure(Cause.SUBMISSION, "this attempt took too long; another took over")
                self._submit(copy, envelope, taken, owner=owner, mine=mine)
        finally:
            # Neither what stays nor what was never sent must wait for the end of the lease.
            self.journal.release(mine, owner=owner)
        if not identified:
            # Such mail cannot be told from its like, which somebody may send on purpose.
            self.journal.forget(set(keys.values()))
        return stays

    def _claim(self, keys: set[bytes], owner: str) -> Mapping[bytes, Claim]:
        """Claim *keys*, or go on holding what the owner has claimed."""
        lease = timedelta(seconds=_LEASE * self.submission.timeout)
        return self.journal.claim(keys, owner=owner, at=self.clock(), lease=lease)

    def _submit(
        self, copy: Copy, envelope: Envelope, taken: set[bytes], *, owner: str, mine: set[bytes]
    ) -> None:
        try:
            self.submission.submit(copy, envelope, self.clock())
        except Unknown:
            mine -= taken  # not released: until the lease ends nobody sends it, and then somebody does
            raise
        mine -= taken
        for attempt in range(1, _PATIENCE + 1):
            try:
                lost = self.journal.done(taken, owner=owner, at=self.clock(), keep=_KEEP)
            except Failure:
                if attempt == _PATIENCE:
                    raise
            else:
                if lost:
                    _log.error(
                        "%s", log.line(event="claim_lost", queue_id=envelope.queue_id, recipients=len(lost))
                    )
                return


def _without(copy: Copy, keys: Mapping[Recipient, bytes], claims: Mapping[bytes, Claim]) -> Copy | None:
    """*copy* for those recipients who have not been served; None if there is nobody left."""
    left = tuple(recipient for recipient in copy.recipients if claims[keys[recipient]] is not Claim.DONE)
    return replace(copy, recipients=left) if left else None


def _burden(copy: Copy, message: Message) -> tuple[bool, bool, int]:
    """How much the MTA's message would have to change to become *copy*."""
    same_body = copy.message.body is message.body
    return not same_body, copy.message is not message, -len(copy.recipients)


def _has_own_id(message: Message, envelope: Envelope) -> bool:
    """Whether the message has a Message-ID that will be the same when it comes again.

    Postfix adds one where it is missing, a new one at each try, which holds its queue id; and a Date.
    """
    own = message.first("Message-ID")
    return own is not None and not (envelope.queue_id and envelope.queue_id.encode() in own)


def _digest(message: Message, names: tuple[str, ...]) -> bytes:
    """What is the same when the MTA or the sender tries again, and other for another message."""
    digest = hashlib.sha256()
    for header in message.all(*names):
        digest.update(header.name.lower() + b":" + header.value.strip() + b"\0")
    digest.update(b"\0")
    for piece in message.body.pieces():
        digest.update(piece)
    return digest.digest()


def _key(told: bytes, envelope: Envelope, recipient: Recipient) -> bytes:
    parts = (
        told,
        key(envelope.sender).encode("utf-8", "surrogateescape"),
        key(recipient.address).encode("utf-8", "surrogateescape"),
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()
