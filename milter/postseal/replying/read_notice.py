"""Tells senders that somebody has first read what they sent: a mail for each recipient, however often tried.

The mail says who and when.  It holds nothing of the message, not even its subject: it threads with it in
the sender's mailbox.  It goes to people inside only, or a forged sender would hear of others' reading.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final

from postseal import log
from postseal.body import Body
from postseal.branding.branding import Branding
from postseal.cms import encoding
from postseal.delivery import Delivery
from postseal.envelope import Envelope, split
from postseal.errors import Failure
from postseal.finisher import Finisher
from postseal.header_edits import header
from postseal.language.catalogue import catalogue
from postseal.language.language import Language
from postseal.language.moment import day, moment
from postseal.letter import Letter
from postseal.message import Header, Message
from postseal.replying.original import Inside
from postseal.store.audit import Event
from postseal.store.journal import Journal
from postseal.store.read_notices import Due
from postseal.store.ring import Opened, Ring
from postseal.store.sealed import SealedMessage
from postseal.submission import Submission

_log = logging.getLogger(__name__)

_DELAYS: Final = (5, 10, 30, 60, 300, 900, 1800, 3600)
"""Seconds before each next try; the last one again and again."""
_LEASE: Final = timedelta(minutes=5)
_GIVE_UP: Final = timedelta(days=5)
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?-~]{1,250}>")


@dataclass(frozen=True, slots=True)
class Telling:
    """*outside*: the listener without the milter.  *sender*: whom the mails are from.  *branding*: finds one
    by its word.  *page*: where senders see more, by branding, "" for nowhere.  *counted*: hears `sent`,
    `deferred`, `failed` for each try.  *finisher*: see `Delivery`."""

    ring: Ring
    outside: Submission
    sender: str
    inside: Inside
    branding: Callable[[str], Branding]
    page: Callable[[Branding], str]
    clock: Callable[[], datetime]
    counted: Callable[[str], object]
    finisher: Finisher | None = None

    def waiting(self) -> int:
        """How many senders have to be told.  Raises Failure."""
        return self.ring.open().read_notices.waiting()

    def turn(self) -> bool:
        """Tell one sender who has to be told; whether there was one.  Raises Failure if the store is away."""
        ring, at = self.ring.open(), self.clock()
        due = ring.read_notices.claim(at, _LEASE)
        if due is None:
            return False
        message = ring.messages.of(due.message)
        if message is None:
            return True  # forgotten a moment ago, and the note with it
        if message.author not in self.inside:
            ring.read_notices.done(due, Event.FAILED, "the sender is not told: he is not inside", at=at)
            return True
        try:
            self._submit(ring, due, message)
        except Failure as failure:
            self._failed(ring, due, failure, at)
        else:
            self.counted("sent")
            ring.read_notices.done(due, Event.SENDER_TOLD, at=at)
        return True

    def _submit(self, ring: Opened, due: Due, message: SealedMessage) -> None:
        branding = self.branding(message.brand)
        language, page = branding.languages[0], self.page(branding)
        told = letter(due, message, sender=self.sender, language=language, page=page, at=self.clock())
        about = Message(told.message.all("Message-ID"), Body.of(b""))  # the same at each try
        Delivery(self.outside, Journal(ring.store), self.clock, self.finisher).tell(
            about, Envelope("", ()), [told]
        )

    def _failed(self, ring: Opened, due: Due, failure: Failure, at: datetime) -> None:
        line = log.line(event="sender_not_told", tries=due.tries, cause=failure.cause, why=failure.detail)
        _log.warning("%s", line)
        if at < due.since + _GIVE_UP:
            self.counted("deferred")
            ring.read_notices.later(due, at + timedelta(seconds=_DELAYS[min(due.tries, len(_DELAYS)) - 1]))
            return
        self.counted("failed")
        ring.read_notices.done(due, Event.FAILED, "the sender could not be told", at=at)


def letter(
    due: Due, message: SealedMessage, *, sender: str, language: Language, page: str, at: datetime
) -> Letter:
    """What the sender of *message* is told; *page*: where he sees more, or ""."""
    _ = catalogue(language).gettext
    reader = message.addressee(due.address)
    said = [
        _("{reader} has opened your encrypted message of {date} for the first time: {time}.").format(
            reader=reader.written if reader else due.address,
            date=day(message.since, language),
            time=moment(due.since, language),
        ),
        _("Nothing of the message is in this mail, not even its subject."),
    ]
    if page:
        said.append(_("Who has read it, and how to withdraw it: {page}").format(page=page))
        said.append(_("There you can also say that you want no more of these mails about it."))
    told = "\n\n".join(said) + "\n"
    name = hashlib.sha256(b"postseal read\0" + due.message + due.address.encode()).hexdigest()[:32]
    # It is what the sender's own program wrote, and shown as such only where it can be nothing else.
    thread = (
        (Header.of("In-Reply-To", message.message_id), Header.of("References", message.message_id))
        if _MESSAGE_ID.fullmatch(message.message_id)
        else ()
    )
    fields = (
        header("From", sender),
        header("To", message.sender if message.sender.isascii() else "undisclosed-recipients:;"),
        header("Subject", _("Your encrypted message was read")),
        Header.of("Date", format_datetime(at)),
        Header.of("Message-ID", f"<{name}.read@{split(sender)[1]}>"),
        *thread,
        Header.of("Auto-Submitted", "auto-replied"),
        Header.of("MIME-Version", "1.0"),
        Header.of("Content-Type", "text/plain; charset=utf-8"),
        Header.of("Content-Transfer-Encoding", "quoted-printable"),
    )
    body = b"".join(encoding.to_quoted_printable([told.encode("utf-8", "replace")]))
    return Letter(Message(fields, Body.of(body)), message.sender, f"read {name}")
