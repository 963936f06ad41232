"""Sealed messages of ours, opened for people inside where a rule asks for it.

Only what was sealed here is opened: a whole carrier mail, told by its octets, or a container that our key of
its message opens.  It is opened for who may read it anyway: its sender and its readers, and those inside to
whom one of these, who is inside himself and has shown it, sends it.  A header field of ours says so, by
which it leaves closed when somebody sends it on (`opened_mail`).  What may not be opened stays as it came; if
the store or the master keys do not answer, nothing is delivered: Failure(STORE) or (KEYS).
"""

import itertools
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from postseal import log, message_file
from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.cms import encoding, entity
from postseal.cms.encoding import Trait
from postseal.cms.mime import Kind, Part, walk
from postseal.envelope import Envelope, Recipient, destinations, domain_key, key, split
from postseal.guard.own import OME, PREFIX
from postseal.message import Header, Message
from postseal.methods.recognition import attached, carried
from postseal.methods.replacement import OVER_THE_BODY
from postseal.scalar import Network
from postseal.sealed.container import HEADER_OCTETS, Head, Tampered
from postseal.sealed.container import opened as opened_container
from postseal.settings.ome import Ome

if TYPE_CHECKING:  # commands that open nothing need not wait for a database's libraries
    from postseal.store.ring import Opened, Ring
    from postseal.store.sealed import SealedMessage

_log = logging.getLogger(__name__)

_MESSAGES: Final = frozenset({"message/rfc822", "message/global"})
_OPAQUE: Final = _MESSAGES | {"multipart/signed", "multipart/encrypted"}
_TRACE: Final = ("Return-Path", "Received", "Delivered-To")
_MOST: Final = 10
"""Sealed messages that are opened in one; each may be as large as a message can be."""
_DEEPEST: Final = 5
"""Messages within each other in which one is looked for."""


@dataclass(frozen=True, slots=True)
class OmeUnsealing:
    """*brandings*: those that carrier mails may have; *ours*: the domains whose people are inside."""

    settings: Ome
    ring: "Ring"
    spool: Spool
    clock: Callable[[], datetime]
    brandings: Mapping[str, Branding]
    ours: frozenset[str]
    trusted_networks: tuple[Network, ...]

    def opened(
        self, message: Message, envelope: Envelope, recipients: Iterable[Recipient]
    ) -> Mapping[Recipient, Message]:
        """*message* as those of *recipients* are to have it for whom something in it may be opened.

        Recipients for whom the same may be opened have the same object.  Raises Failure(STORE) or (KEYS).
        """
        inside = [who for who in recipients if self._is_ours(who.address)]
        found: list[_Sealed] = []
        if inside:
            self._rewritten(message, found.append, depth=0)
        return self._for_each(message, envelope, inside, found) if found else {}

    def _for_each(
        self, message: Message, envelope: Envelope, inside: list[Recipient], found: "list[_Sealed]"
    ) -> Mapping[Recipient, Message]:
        from postseal.store.audit import Entry, Event  # noqa: PLC0415

        ring, at = self.ring.open(), self.clock()
        known = {one.id: one for one in ring.messages.some({each.id for each in found[:_MOST]})}
        made: dict[frozenset[bytes], Message] = {}
        result: dict[Recipient, Message] = {}
        entries = []
        for who in inside:
            may = {
                id_: reader
                for id_, one in known.items()
                if (reader := self._reader(one, who, envelope, at)) is not None
            }
            if may and (same := frozenset(may)) not in made:
                made[same] = self._made(message, ring, known, may, at)
            opened = made.get(frozenset(may), message)
            if opened is not message:
                result[who] = opened
                entries += [Entry(Event.UNSEALED, id_, key(who.address)) for id_ in may]
        ring.audit.add(entries, at=at)
        return result

    def _made(
        self,
        message: Message,
        ring: "Opened",
        known: "Mapping[bytes, SealedMessage]",
        may: Mapping[bytes, str],
        at: datetime,
    ) -> Message:
        """*message* with all that *may* be opened, each as one of its readers; itself if nothing can be."""
        from postseal.store.containers import kept  # noqa: PLC0415
        from postseal.store.sealed import unwrapped  # noqa: PLC0415

        looked_at = itertools.count()

        def opened(sealed: _Sealed) -> Message | None:
            if next(looked_at) >= _MOST:
                return None
            reader = known[sealed.id].addressee(may[sealed.id]) if sealed.id in may else None
            if reader is None:
                return None
            pieces = sealed.container.pieces() if sealed.container else None
            if pieces is None:
                copy = ring.containers.find(kept(sealed.id), at)
                if copy is None:
                    return None
                pieces = ring.containers.pieces(copy)
            secret = unwrapped(known[sealed.id], reader, ring.keys)
            try:
                return message_file.parsed(opened_container(pieces, secret, self.spool))
            except Tampered as error:
                _log.warning("%s", log.line(event="not_unsealed", message=sealed.id.hex()[:12], why=error))
                return None

        new = self._rewritten(message, opened, depth=0)
        if new is message:
            return message
        return Message((Header.of(OME, "opened"), *new.headers), new.body)

    def _reader(
        self, message: "SealedMessage", recipient: Recipient, envelope: Envelope, at: datetime
    ) -> str | None:
        """As which of its readers *message* is opened for *recipient*; None if it stays closed for him."""
        if message.rights:
            return None  # nothing enforces them once it is open
        readable = [one.address for one in message.recipients if one.readable(at)]
        own, sender = key(recipient.address), key(message.sender)
        if message.addressee(own):
            return own if own in readable else None
        by = key(envelope.sender)
        sent = by in {*readable, sender} and self._from_inside(envelope)
        return next(iter(readable), None) if own == sender or sent else None

    def _from_inside(self, envelope: Envelope) -> bool:
        client = envelope.client
        shown = bool(client.login) or client.within(self.trusted_networks)
        return shown and self._is_ours(envelope.sender)

    def _is_ours(self, address: str) -> bool:
        return all(domain_key(split(each)[1]) in self.ours for each in destinations(address))

    def _rewritten(
        self, message: Message, opened: "Callable[[_Sealed], Message | None]", *, depth: int
    ) -> Message:
        """*message* with what *opened* makes of everything sealed in it; itself if that is nothing."""
        whole = carried(message, self.settings, self.brandings, self.spool)
        if whole:
            inner = opened(_Sealed(whole.id, whole.container))
            return message if inner is None else _handed_on(message, inner)
        changes: list[tuple[Part, Message]] = []
        for part in walk(message.headers, message.body, opaque=_OPAQUE):
            if part.kind is not Kind.LEAF or part.head == part.start:
                continue
            new = None
            if part.content_type in _MESSAGES and part.identity and depth < _DEEPEST:
                old = self._attached(message.body, part)
                new = self._rewritten(old, opened, depth=depth + 1)
                new = None if new is old else new
            elif sealed := self._page(message.body, part):
                new = opened(sealed)
            if new is not None:
                changes.append((part, new))
        return _with(message, changes, self.spool) if changes else message

    def _attached(self, body: Body, part: Part) -> Message:
        """The message that *part* is, with its last line end, which some writers take for the delimiter's."""
        old = message_file.parsed(body.part(part.start, part.stop))
        if old.body.read(max(old.body.size - 2, 0)) == b"\r\n":
            return old
        draft = self.spool.draft()
        for piece in old.body.pieces():
            draft.write(piece)
        draft.write(b"\r\n")
        return old.with_body(draft.body())

    def _page(self, body: Body, part: Part) -> "_Sealed | None":
        """What is sealed in the page that *part* is, if it is one of ours."""
        if not part.filename.lower().endswith((".html", ".htm")):
            return None
        pieces = body.part(part.start, part.stop).pieces()
        if part.encoding in {"base64", "quoted-printable"}:
            decoder = encoding.from_base64 if part.encoding == "base64" else encoding.from_quoted_printable
            draft = self.spool.draft()
            for piece in encoding.crlf(decoder(pieces)):
                draft.write(piece)
            page = draft.body()
        else:
            page = body.part(part.start, part.stop)
        try:
            container = attached(page, self.spool)
            return _Sealed(Head.of(container.read(0, HEADER_OCTETS)).id, container) if container else None
        except Tampered:
            return None


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A sealed message; *container*: None if it is kept by the store."""

    id: bytes
    container: Body | None = field(repr=False)


def _handed_on(carrier: Message, inner: Message) -> Message:
    """*inner*, which *carrier* brought: with its own header, and the way that the carrier has come."""
    own = {header.name.lower().strip() for header in inner.headers}
    before = [
        header
        for header in entity.outer(carrier)
        if header.named(*_TRACE) or header.name.lower().strip() not in own | {b"subject"}
    ]
    kept = [header for header in inner.headers if not header.named(*_TRACE)]
    clean = [header for header in kept if not header.name.lower().startswith(PREFIX.lower().encode())]
    return Message((*before, *clean), inner.body).without(*OVER_THE_BODY, "Bcc", "Resent-Bcc")


def _with(message: Message, changes: list[tuple[Part, Message]], spool: Spool) -> Message:
    """*message* with attached messages in the place of parts of it."""
    draft = spool.draft()
    at = 0
    for part, new in changes:
        for piece in message.body.pieces(at, part.head):
            draft.write(piece)
        safe = entity.canonical(entity.inner(new), spool)
        shown = replace(safe, headers=entity.outer(new) + safe.headers)
        wide = Trait.EIGHT_BIT in encoding.traits(shown.pieces())
        draft.write(b"Content-Type: message/rfc822\r\n")
        draft.write(b"Content-Transfer-Encoding: %b\r\n" % (b"8bit" if wide else b"7bit"))
        draft.write(b'Content-Disposition: attachment; filename="message.eml"\r\n\r\n')
        for piece in shown.pieces():
            draft.write(piece)
        at = part.stop
    for piece in message.body.pieces(at):
        draft.write(piece)
    return message.with_body(draft.body()).without(*OVER_THE_BODY)
