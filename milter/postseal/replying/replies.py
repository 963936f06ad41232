"""Takes a reply from the portal: whether it may be written, and then it is kept until it has left.

Every check is made here, whatever a page has shown: the message can still be read, policy grants the right,
everybody who gets the reply stands in the original.  When `send` returns, the reply is in the store, sealed;
nothing that happens afterwards can lose it.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from postseal import log
from postseal.body import Spool
from postseal.cms import field
from postseal.envelope import key, unambiguous
from postseal.message import Message
from postseal.policy.granting import granted_to
from postseal.replying.composition import Correspondent, Enclosure, Quotation, Reply, composed
from postseal.replying.original import (
    Addressees,
    Inside,
    NotAllowed,
    Whom,
    Why,
    addressees,
    name_of,
    thread,
    withheld,
)
from postseal.rights import Right, Template
from postseal.settings.replies import Replies as Limits
from postseal.store.audit import Event
from postseal.store.outbox import Target, Way
from postseal.store.ring import Ring
from postseal.store.sealed import SealedMessage

_log = logging.getLogger(__name__)

NONCE: Final = 16
"""Octets that tell one reply from all others by the same person to the same message."""
_A_DAY: Final = 50
"""Replies that somebody may send to one message within a day."""


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote into the form.

    *nonce*: at least `NONCE` random octets that came with the form: who presses the button twice sends one
    reply, and who goes back and writes something else another one.  *copy*: whether he wants one himself.
    *template*: the word of the one by which those who get it are restricted, "" for none.
    """

    nonce: bytes
    whom: Whom
    text: str
    enclosures: tuple[Enclosure, ...] = ()
    quotation: Quotation | None = None
    copy: bool = False
    template: str = ""


class Replies:
    """The verbs.  Each may raise Failure(STORE) or (KEYS), OSError for a full disk; nothing is taken then.

    *sender*: the address that replies come from.  *inside*: which recipients get ordinary mail.
    *templates*: those that people inside may choose, by their words, as they are now.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        ring: Ring,
        sender: str,
        inside: Inside,
        spool: Spool,
        clock: Callable[[], datetime],
        templates: Callable[[], Mapping[str, Template]] = dict,
    ) -> None:
        self._limits = limits
        self._ring = ring
        self._sender = sender
        self._inside = inside
        self._spool = spool
        self._clock = clock
        self._templates = templates

    def offered(self, message: SealedMessage, original: Message, visitor: str) -> tuple[Whom, ...]:
        """Who of `Whom` a reply of *visitor* could go to; all only where that is more than its author."""
        at, found = self._clock(), []
        for whom in Whom:
            try:
                self._permit(message, visitor, whom, at)
                to = addressees(original, visitor, whom, ours=self._sender)
            except NotAllowed:
                continue
            if whom is Whom.AUTHOR or to.cc:
                found.append(whom)
        return tuple(found)

    def recipients(self, sealed: bytes, original: Message, visitor: str, whom: Whom) -> Addressees:
        """Who would get a reply of *visitor* to the *sealed* message.  Raises NotAllowed."""
        self._check(sealed, visitor, whom)
        return addressees(original, visitor, whom, ours=self._sender)

    def templates(self, visitor: str) -> Mapping[str, Template]:
        """Those by which *visitor* may restrict who gets his reply: none if he is outside."""
        return self._templates() if visitor in self._inside else {}

    def send(self, sealed: bytes, original: Message, visitor: str, written: Written) -> bool:
        """Keep a reply until it has left; whether it is new.  Raises NotAllowed.

        *sealed*: the id of the message, *original* what was in it; *visitor*: the address, in the form to
        compare, that has proved to be his.
        """
        if len(written.nonce) < NONCE:
            raise ValueError("too short to tell two replies apart")
        message = self._check(sealed, visitor, written.whom)
        to = addressees(original, visitor, written.whom, ours=self._sender)
        reader = message.addressee(visitor)
        address = reader.written if reader else visitor
        told = _told(sealed, visitor, written)
        at = self._clock()
        reply = Reply(
            author=Correspondent(name_of(original, address), address),
            sender=self._sender,
            to=to.to,
            cc=to.cc,
            subject=field.text(original.first("Subject") or b""),
            thread=thread(original),
            text=written.text,
            identity=told[16:].hex(),
            at=at,
            # What policy restricts does not go on without its restrictions.
            quotation=None if message.rights else written.quotation,
            enclosures=written.enclosures,
            template=written.template,
        )
        targets = {key(each.address): self._target(each.address) for each in to.all}
        if written.template:
            targets = self._restricted(targets, visitor, written.template)
        if written.copy:
            targets[visitor] = Target(address, Way.COPY)
        new = self._ring.open().outbox.put(
            told[:16],
            composed(reply, self._spool).pieces(),
            message=sealed,
            address=visitor,
            targets=tuple(targets.values()),
            at=at,
            until=at + timedelta(seconds=self._limits.give_up),
        )
        line = log.line(event="reply_kept", reply=told[:16].hex(), recipients=len(targets), new=new)
        _log.info("%s", line)
        return new

    def _check(self, sealed: bytes, visitor: str, whom: Whom) -> SealedMessage:
        ring, at = self._ring.open(), self._clock()
        message = ring.messages.of(sealed)
        if message is None:
            raise NotAllowed(Why.GONE)
        self._permit(message, visitor, whom, at)
        day = at - timedelta(days=1)
        if ring.audit.count(Event.REPLIED, sealed, visitor, since=day) >= _A_DAY:
            raise NotAllowed(Why.TOO_OFTEN)
        return message

    def _permit(self, message: SealedMessage, visitor: str, whom: Whom, at: datetime) -> None:
        reader = message.addressee(visitor)
        if reader is None or not reader.readable(at):
            raise NotAllowed(Why.GONE)
        if not unambiguous(reader.written):  # no field could name him
            raise NotAllowed(Why.NOBODY)
        if withheld(message, whom):
            raise NotAllowed(Why.WITHHELD)

    def _restricted(self, targets: Mapping[str, Target], visitor: str, word: str) -> dict[str, Target]:
        """*targets*, who all read in the portal what is restricted by that template.  Raises NotAllowed."""
        template = self.templates(visitor).get(word)
        if template is None:
            raise NotAllowed(Why.NOT_OFFERED)
        if any(Right.VIEW not in granted_to(template, each.address, nobody) for each in targets.values()):
            raise NotAllowed(Why.UNRIGHTED)
        return {address: Target(each.address, Way.SEALED) for address, each in targets.items()}

    def _target(self, address: str) -> Target:
        return Target(address, Way.INSIDE if address in self._inside else Way.SEALED)


def nobody(address: str) -> frozenset[str]:
    """The groups of *address*, as far as the portal knows, which asks no directory."""
    del address
    return frozenset()


def _told(sealed: bytes, visitor: str, written: Written) -> bytes:
    """What tells this reply from all others."""
    files = [each for one in written.enclosures for each in (one.name, str(one.body.size))]
    words = (
        written.whom.value,
        visitor,
        written.text,
        str(written.copy),
        str(bool(written.quotation)),
        *files,
        *filter(None, [written.template]),
    )
    parts = (b"postseal reply", sealed, written.nonce, *(each.encode("utf-8", "replace") for each in words))
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
