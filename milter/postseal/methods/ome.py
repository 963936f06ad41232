"""Sealed messages: the whole message, encrypted; whoever can read his mailbox opens it in a browser.

The carrier mail holds the container, or a link to it, and never a key; keys are in the store, wrapped, and
what deletes them there revokes the message wherever it lies.  If the store or the master keys do not
answer, nothing leaves: Failure(STORE) or (KEYS).

The same message, tried again by the MTA or the sender, gets the same id and key as before: nobody has two
messages to read where one was sent, and revoking the one revokes what every try has sent.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from postseal.automatic import automatic
from postseal.body import Body, Spool
from postseal.branding.branding import DEFAULT, Branding
from postseal.cms import field
from postseal.envelope import Envelope, Recipient, key, split
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.methods.carrier import carrier
from postseal.methods.cover import Cover
from postseal.methods.method import Manner, Order
from postseal.methods.recognition import carried, named, portal_of
from postseal.recurrence import KEEP, has_own_id, told_from_others
from postseal.rights import Right, licence
from postseal.sealed.armor import armored_size
from postseal.sealed.container import ID_OCTETS, KEY_OCTETS, sealed, sealed_size
from postseal.sealed.subject import sealed_subject
from postseal.settings.ome import Form, Ome
from postseal.settings.sign_in import PASSPHRASE

if TYPE_CHECKING:  # commands that seal nothing need not wait for a database's libraries
    from postseal.store.ring import Opened, Ring
    from postseal.store.sealed import SealedMessage

_LONGEST_ADDRESS: Final = 320
_LONGEST_ID: Final = 512
"""Characters of a Message-ID that are noted; an index of PostgreSQL takes 2704 octets."""
_GENERATIONS: Final = 100
_PLAIN: Final = {DEFAULT: Branding()}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The id and key of a message; *known*: what an earlier try has noted of it."""

    id: bytes
    key: bytes
    known: "SealedMessage | None"


class OmeMethod:
    """Seals as *settings* say, with the keys of *ring*; None where there is no portal.

    *brandings*: those that rules may name, by their words.
    """

    def __init__(
        self,
        settings: Ome,
        ring: "Ring | None",
        spool: Spool,
        *,
        clock: Callable[[], datetime],
        brandings: Mapping[str, Branding] = _PLAIN,
    ) -> None:
        self._settings = settings
        self._brandings = brandings
        self._ring = ring
        self._spool = spool
        self._clock = clock

    enforces: frozenset[Right] = frozenset(Right) - {Right.VIEW}
    """What the portal refuses or, for `print` and `copy`, makes hard: docs/rights.md."""

    def reaches(self, recipient: Recipient) -> bool:
        """Everybody, if there is a portal."""
        return not self.obstacle(recipient)

    def obstacle(self, recipient: Recipient) -> str:
        """There is no portal, or mail to this address cannot be kept apart from others'."""
        if self._ring is None:
            return "the settings name no portal (ome: portal)"
        address = recipient.address
        local, domain = split(address)
        if not local or not domain or len(address) > _LONGEST_ADDRESS or not address.isprintable():
            return "not the address of a mailbox"
        return ""

    def manner(self, recipient: Recipient) -> Manner:
        """The same for all."""
        return Manner()

    def protect(
        self, message: Message, recipients: tuple[Recipient, ...], *, order: Order | None = None
    ) -> Message:
        """The mail that carries *message*, sealed for *recipients*."""
        if self._ring is None or order is None:
            raise Failure(Cause.INTERNAL, "sealing was not set up")
        if order.envelope.locks.passphrase and not self._branding(order).allows(PASSPHRASE):
            raise Failure(Cause.NO_CERTIFICATE, "the branding of the message asks for no passphrase")
        ring, at = self._ring.open(), self._clock()
        # The carrier keeps what the MTA wrote; nobody needs it a second time.
        message = message.without("Bcc", "Resent-Bcc")
        addresses = dict(sorted((key(recipient.address), recipient.address) for recipient in recipients))
        chosen = self._chosen(ring, order, tuple(addresses), at)
        draft = self._spool.draft()
        for piece in sealed(message.pieces(), chosen.key, chosen.id):
            draft.write(piece)
        container = draft.body()
        attached = self._attached(message, order)
        online = self._keep(ring, chosen, container, attached=attached, at=at)
        note = chosen.known or self._note(ring, order, chosen, addresses, size=message.size, at=at)
        until = min((one.expires for one in note.recipients if one.expires), default=None)
        cover = order.treatment.cover
        branding = self._branding(order)
        around = Cover(
            branding=branding,
            name=named(branding, self._settings),
            link=f"{portal_of(branding, self._settings)}/m/{chosen.id.hex()}",
            online=online,
            container=container if attached else None,
            until=until,
            subject=self._settings.subject if cover is None else cover,
        )
        return carrier(message, around, order.treatment.headers, self._spool)

    def made(self, message: Message) -> bool:
        """Whether *message* is a carrier mail of ours."""
        return carried(message, self._settings, self._brandings, self._spool) is not None

    def _attached(self, message: Message, order: Order) -> bool:
        """Whether the container travels with the mail."""
        form = order.treatment.form or self._settings.form
        if form is not Form.AUTO:
            return form is Form.ATTACHMENT
        return armored_size(sealed_size(message.size)) <= self._settings.attach_up_to

    def _chosen(self, ring: "Opened", order: Order, addresses: tuple[str, ...], at: datetime) -> _Chosen:
        """The id and key of an earlier try at this message, or new ones.

        What is older than any retry is another message.  What was revoked since stays so when it comes
        again, unless it may be its like, sent on purpose, because it has no Message-ID of its own.
        """
        from postseal.store.sealed import unwrapped  # noqa: PLC0415

        identified = has_own_id(order.original, order.envelope)
        secret, told = ring.secret.derive("message"), self._told(order, addresses, identified=identified)
        for generation in range(_GENERATIONS):
            code = hmac.new(secret, told + generation.to_bytes(2, "big"), hashlib.sha256)
            id_ = code.digest()[:ID_OCTETS]
            known = ring.messages.of(id_)
            if known is None:
                return _Chosen(id_, os.urandom(KEY_OCTETS), None)
            if at - known.since >= KEEP:
                continue
            readers = [one for one in known.recipients if one.readable(at)]
            if readers and (identified or len(readers) == len(known.recipients)):
                return _Chosen(id_, unwrapped(known, readers[0], ring.keys), known)
            back = next((one for one in known.recipients if one.restorable(at)), None)
            if identified and back:  # who has the earlier try back reads this one, too
                return _Chosen(id_, unwrapped(known, back, ring.keys), known)
            if identified:  # nobody has the key any more, and nobody will have this one
                return _Chosen(id_, os.urandom(KEY_OCTETS), known)
        raise Failure(Cause.STORE, f"the same message was sealed {_GENERATIONS} times")

    def _told(self, order: Order, addresses: tuple[str, ...], *, identified: bool) -> bytes:
        """What tells this sealed message from all others."""
        envelope, treatment = order.envelope, order.treatment
        parts = (
            told_from_others(order.original, identified=identified),
            key(envelope.sender).encode("utf-8", "surrogateescape"),
            str(self._lifetime(order)).encode(),
            ",".join(_rights(order)).encode(),
            repr((treatment.sign, treatment.headers)).encode(),
            *filter(None, [_licence(order).encode("utf-8"), _asked(envelope, addresses)]),
            *(address.encode("utf-8") for address in addresses),
        )
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)

    def _keep(
        self, ring: "Opened", chosen: _Chosen, container: Body, *, attached: bool, at: datetime
    ) -> bool:
        """Keep a copy behind the link, if there is to be one; whether there is."""
        from postseal.store.containers import kept  # noqa: PLC0415

        if attached and not self._settings.online:
            return False
        name = kept(chosen.id)
        if chosen.known and ring.containers.find(name, at):
            return True
        until = at + timedelta(seconds=self._settings.online) if attached else None
        ring.containers.keep(name, chosen.id, container.pieces(), at=at, until=until)
        return True

    def _note(
        self,
        ring: "Opened",
        order: Order,
        chosen: _Chosen,
        addresses: dict[str, str],
        *,
        size: int,
        at: datetime,
    ) -> "SealedMessage":
        """Note the message, its recipients and their wrapped keys, after all else that can fail."""
        from postseal.store.sealed import Addressee, SealedMessage, State  # noqa: PLC0415

        lifetime, wanted = self._lifetime(order), self._wanted(order)
        expires = at + timedelta(seconds=lifetime) if lifetime else None
        subject = field.text(order.original.first("Subject") or b"")
        told = order.treatment.read_notice
        told = self._settings.read_notice if told is None else told
        message_id = (order.original.first("Message-ID") or b"").decode("utf-8", "replace")
        note = SealedMessage(
            id=chosen.id,
            message_id=_kept_text(message_id, _LONGEST_ID),
            sender=_kept_text(order.envelope.sender, _LONGEST_ADDRESS),
            rights=_rights(order),
            brand=self._branding(order).word,
            size=size,
            since=at,
            terms=_licence(order),
            subject=sealed_subject(subject, chosen.key, chosen.id),
            latest=expires if wanted else None,
            read_notice=told and bool(order.envelope.sender) and not automatic(order.original),
        )
        locks = order.envelope.locks
        if locks.passphrase:
            note = replace(note, lock=ring.locks.lock(chosen.id, locks.passphrase))
        recipients = []
        for address, written in addresses.items():
            wrapped = ring.keys.wrap(chosen.key, note.bound(address))
            number = locks.number(address)
            hidden = ring.locks.hidden(chosen.id, address, number) if number else b""
            reader = Addressee(address, written, State.OPEN, expires, at, wrapped, number=hidden)
            recipients.append(reader)
        note = replace(note, recipients=tuple(recipients))
        if not ring.messages.add(note):
            raise Failure(Cause.STORE, "another attempt at this message is under way")
        return note

    def _lifetime(self, order: Order) -> float:
        wanted = self._wanted(order)
        return self._settings.expire if wanted is None else wanted

    def _wanted(self, order: Order) -> float | None:
        """How long rules want it to be read; None if none says it."""
        wanted = (order.treatment.lifetime, self._branding(order).expire)
        return next((each for each in wanted if each is not None), None)

    def _branding(self, order: Order) -> Branding:
        branding = self._brandings.get(order.treatment.branding or DEFAULT)
        if branding is None:  # policy and methods are loaded together
            raise Failure(Cause.INTERNAL, f"there is no branding '{order.treatment.branding}'")
        return branding


def _asked(envelope: Envelope, addresses: tuple[str, ...]) -> bytes:
    """What its sender asks of the readers of this copy, b"" for nothing."""
    numbers = [envelope.locks.number(address) for address in addresses]
    return repr((envelope.locks.passphrase, numbers)).encode("utf-8") if envelope.locks else b""


def _rights(order: Order) -> tuple[str, ...]:
    """The usage rights that policy withholds, in order."""
    return tuple(right.value for right in Right if right in order.treatment.withheld)


def _licence(order: Order) -> str:
    """What holds besides the rights; of files nothing is said where they may be saved."""
    treatment = order.treatment
    files = treatment.attachments if Right.SAVE in treatment.withheld else None
    return licence(treatment.templates, files).text


def _kept_text(text: str, length: int) -> str:
    printable = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
    return printable.encode("utf-8", "replace").decode("utf-8")[:length]
