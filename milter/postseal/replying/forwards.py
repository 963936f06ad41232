"""Takes what a reader forwards: who is to read the message besides, under the same rights as he does.

Every check is made here, whatever a page has shown.  Nobody gets more than the reader has: the key is bound
to the same withheld rights, and ends when his does.  Readers, the mail to them and the audit are one
transaction: when `send` returns, whoever was named can read, and the mail that tells him so leaves, once.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from postseal import log
from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.cms import field
from postseal.envelope import Recipient, destinations, domain_key, key, split, unambiguous
from postseal.message import Message
from postseal.methods.ome import OmeMethod
from postseal.methods.onward import Onward, onward
from postseal.replying.composition import Correspondent, covering
from postseal.replying.original import NotAllowed, Why, name_of, named
from postseal.rights import Right
from postseal.sealed.container import HEADER_OCTETS, ID_OCTETS, Head, Tampered, opened, sealed
from postseal.settings.forwards import Forwards as Limits
from postseal.settings.ome import Ome
from postseal.store.audit import Entry, Event
from postseal.store.branches import Barred, Branch, Bud, grow
from postseal.store.containers import Container, kept
from postseal.store.outbox import Target, Way
from postseal.store.ring import Opened, Ring
from postseal.store.sealed import Addressee, Kind, SealedMessage, unwrapped

_log = logging.getLogger(__name__)

NONCE: Final = 16
"""Octets that tell one time of pressing the button from all others."""
NOTE: Final = 2000
"""Characters of a note."""
_DIVIDED: Final = re.compile(r"[\s,;]+")


class Unfit(StrEnum):
    """Why a message cannot be forwarded to an address."""

    NO_ADDRESS = "no_address"
    ELSEWHERE = "elsewhere"  # the settings name where it may go to
    KNOWN = "known"  # it can read the message already
    CLOSED = "closed"  # it could, and no longer may


@dataclass(frozen=True, slots=True)
class Forwarding:
    """What somebody typed into the form.  *nonce*: random octets that came with it."""

    nonce: bytes
    to: str
    note: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """What stands there, each once."""
        typed = [each.removeprefix("<").removesuffix(">") for each in _DIVIDED.split(self.to)]
        return tuple({key(each): each for each in typed if each}.values())


class NotTo(Exception):
    """Some addresses cannot get it.  *unfit*: which, and why; none: nobody was named."""

    def __init__(self, unfit: Collection[tuple[str, Unfit]]) -> None:
        super().__init__("some addresses cannot get the message")
        self.unfit = tuple(unfit)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is forwarded, by whom, and when."""

    ring: Opened
    container: Container
    message: SealedMessage
    original: Message
    reader: Addressee
    at: datetime


class Forwards:
    """The verbs.  Each may raise Failure(STORE) or (KEYS), OSError for a full disk; nothing is taken then.

    *sender*: the address that the mails come from.  *give_up*: for how many seconds the MTA is tried.
    """

    def __init__(
        self,
        limits: Limits,
        settings: Ome,
        *,
        ring: Ring,
        method: OmeMethod,
        branding: Callable[[str], Branding],
        sender: str,
        spool: Spool,
        clock: Callable[[], datetime],
        give_up: float,
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._ring = ring
        self._method = method
        self._branding = branding
        self._sender = sender
        self._spool = spool
        self._clock = clock
        self._give_up = timedelta(seconds=give_up)

    @property
    def limits(self) -> Limits:
        """To how many, and where to."""
        return self._limits

    def offered(self, message: SealedMessage, visitor: str) -> bool:
        """Whether *visitor* may forward *message*."""
        reader = message.addressee(visitor)
        reads = reader is not None and reader.readable(self._clock()) and unambiguous(reader.written)
        if reader is not None and reader.number:  # whom he names would need no second code
            return False
        return reads and self._limits.recipients > 0 and Right.FORWARD.value not in message.rights

    def send(self, container: Container, original: Message, visitor: str, forwarding: Forwarding) -> bool:
        """Let others read the message in *container*, and tell them; whether that is new.

        *original*: what is sealed in it.  *visitor*: the address, in the form to compare, that has proved to
        be his.  Raises NotAllowed and NotTo.
        """
        if len(forwarding.nonce) < NONCE:
            raise ValueError("too short to tell two forwards apart")
        case = self._case(container, original, visitor)
        message, at = case.message, case.at
        told = _told(message.id, visitor, forwarding)
        if case.ring.outbox.of(told[:16]) is not None:
            return False
        self._check(case, forwarding.addresses)
        keys, secret = case.ring.keys, unwrapped(message, case.reader, case.ring.keys)
        note = b""
        if forwarding.note.strip():
            text = forwarding.note.encode("utf-8", "replace")
            note = b"".join(sealed([text], secret, _note_id(message.id, visitor)))
        buds = [
            Bud(key(each), each, keys.wrap(secret, message.bound(key(each)))) for each in forwarding.addresses
        ]
        branch = Branch("", visitor, Kind.FORWARD, at, note)

        def besides(connection: Connection) -> list[Entry]:
            grow(connection, message.id, buds, branch)
            return [Entry(Event.FORWARDED, message.id, visitor, f"to {bud.address}") for bud in buds]

        mail = self._mail(case, buds, told[16:].hex())
        try:
            new = case.ring.outbox.put(
                told[:16],
                mail.pieces(),
                message=message.id,
                address=visitor,
                targets=[Target(bud.written, Way.READY) for bud in buds],
                at=at,
                until=at + self._give_up,
                besides=besides,
            )
        except Barred:
            raise NotAllowed(Why.GONE) from None
        line = log.line(event="forward_kept", reply=told[:16].hex(), recipients=len(buds), new=new)
        _log.info("%s", line)
        return new

    def note(self, message: SealedMessage, reader: Addressee, branch: Branch) -> str:
        """What was written to *reader*, who has come by *branch*; "" if nothing, or somebody changed it."""
        if not branch.note:
            return ""
        secret = unwrapped(message, reader, self._ring.open().keys)
        try:
            if Head.of(branch.note[:HEADER_OCTETS]).id != _note_id(message.id, branch.parent):
                return ""
            return opened([branch.note], secret, self._spool).read().decode("utf-8", "replace")
        except Tampered:
            return ""

    def _case(self, container: Container, original: Message, visitor: str) -> _Case:
        ring, at = self._ring.open(), self._clock()
        message = ring.messages.of(container.message)
        reader = message.addressee(visitor) if message else None
        if message is None or reader is None or not reader.readable(at):
            raise NotAllowed(Why.GONE)
        if not self.offered(message, visitor):
            raise NotAllowed(Why.WITHHELD)
        return _Case(ring, container, message, original, reader, at)

    def _check(self, case: _Case, addresses: Collection[str]) -> None:
        ring, message, visitor, at = case.ring, case.message, case.reader.address, case.at
        if len(addresses) > self._limits.recipients:
            raise NotAllowed(Why.TOO_MANY)
        branches = ring.branches.of(message.id)
        by = {branch.address: branch.parent for branch in branches if branch.kind is Kind.FORWARD}
        # Whoever got a hidden copy, or is on a list, is like a stranger: he is mailed, and what he may do
        # stays as it is.
        seen = named(case.original) | by.keys() | {visitor}
        unfit = []
        for each in addresses:
            known = message.addressee(key(each)) if key(each) in seen else None
            if not _is_plain(each) or self._method.obstacle(Recipient(each)):
                unfit.append((each, Unfit.NO_ADDRESS))
            elif not self._is_allowed(each):
                unfit.append((each, Unfit.ELSEWHERE))
            elif known is not None and not known.readable(at):
                unfit.append((each, Unfit.CLOSED))
            elif known is not None and by.get(known.address) != visitor:  # his own may have lost the mail
                unfit.append((each, Unfit.KNOWN))
        if unfit or not addresses:
            raise NotTo(unfit)
        day = at - timedelta(days=1)
        before = ring.audit.count(Event.FORWARDED, message.id, visitor, since=day)
        if before + len(addresses) > self._limits.daily:
            raise NotAllowed(Why.TOO_OFTEN)

    def _is_allowed(self, address: str) -> bool:
        labels = domain_key(split(address)[1]).split(".")
        domains = {".".join(labels[start:]) for start in range(len(labels))}
        return not self._limits.domains or not domains.isdisjoint(map(domain_key, self._limits.domains))

    def _mail(self, case: _Case, buds: Collection[Bud], identity: str) -> Message:
        """The mail that tells them, with the container if the reader's own had it."""
        ring, message, reader, at = case.ring, case.message, case.reader, case.at
        copy = ring.containers.find(kept(message.id), at)
        attached = copy is None or copy.until is not None
        body: Body | None = None
        if attached:
            draft = self._spool.draft()
            for piece in ring.containers.pieces(case.container):
                draft.write(piece)
            body = draft.body()
            if self._settings.online:
                until = at + timedelta(seconds=self._settings.online)
                if copy is None:
                    ring.containers.keep(kept(message.id), message.id, body.pieces(), at=at, until=until)
                ring.containers.prolong(kept(message.id), until)
        head = covering(
            Correspondent(name_of(case.original, reader.written), reader.written),
            tuple(Correspondent("", bud.written) for bud in buds),
            sender=self._sender,
            identity=identity,
            at=at,
        )
        author = field.mailbox(case.original.first("From") or b"") or message.sender
        way = Onward(
            message,
            self._branding(message.brand),
            reader.written,
            author if author.isprintable() else message.sender,
            body,
            online=not attached or bool(self._settings.online),
            until=reader.expires,
        )
        return onward(head, way, self._settings, self._spool)


def _is_plain(address: str) -> bool:
    """Whether mail to *address* goes where it says, and nowhere else."""
    return unambiguous(address) and len(destinations(address)) == 1


def _note_id(message: bytes, author: str) -> bytes:
    """What a note is sealed for: it belongs to the message, and to who wrote it."""
    return hashlib.sha256(b"postseal note\0" + message + author.encode("utf-8")).digest()[:ID_OCTETS]


def _told(message: bytes, visitor: str, forwarding: Forwarding) -> bytes:
    """What tells this from all other times that the message is forwarded."""
    words = (visitor, forwarding.note, *map(key, forwarding.addresses))
    parts = (
        b"postseal forward",
        message,
        forwarding.nonce,
        *(each.encode("utf-8", "replace") for each in words),
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
