"""Senders are told that somebody has read: once, in time, and nothing but that."""

import email
import email.policy
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage

import pytest

from postseal.body import Body
from postseal.branding.branding import DEFAULT
from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Header, Message
from postseal.methods.method import Order
from postseal.replying.original import Inside
from postseal.replying.read_notice import Telling
from postseal.store.audit import Entry, Event
from postseal.treatment import Treatment
from replying.conftest import ANN, BOB, BRANDINGS, CAT, SENDER, Desk, submission

DAY = timedelta(days=1)


@dataclass
class Told:
    """A desk, and what tells senders there."""

    desk: Desk
    counted: Counter[str] = field(default_factory=Counter)
    page: str = "https://portal.lab.test/sent"

    def __post_init__(self) -> None:
        self.telling = Telling(
            self.desk.ring,
            submission(self.desk.outside.port),
            SENDER,
            Inside(["lab.test"]),
            lambda word: BRANDINGS.get(word, BRANDINGS[DEFAULT]),
            lambda _: self.page,
            lambda: self.desk.at,
            lambda word: self.counted.update([word]),
        )

    def seal(self, *, sender: str = ANN, branding: str = "", identity: str = "<7@lab.test>") -> bytes:
        fields = {"From": sender, "To": BOB, "Subject": "the secret quarter", "Message-ID": identity}
        message = Message(tuple(Header.of(*each) for each in fields.items()), Body.of(b"x"))
        who = (Recipient(BOB), Recipient(CAT))
        treatment = Treatment(branding=branding, read_notice=True)
        order = Order(message, Envelope(sender, who, Client()), treatment)
        before = {row.message for row in self.desk.ring.open().audit.every()}
        self.desk.method.protect(message, who, order=order)
        (new,) = {row.message for row in self.desk.ring.open().audit.every()} - before
        assert new
        return new

    def read(self, message: bytes, address: str = BOB) -> bool:
        return self.desk.ring.open().read_notices.note(Entry(Event.SHOWN, message, address), at=self.desk.at)

    def turns(self, seconds: float = 0.0) -> int:
        self.desk.at += timedelta(seconds=seconds)
        return sum(iter(self.telling.turn, False))

    def mails(self) -> list[EmailMessage]:
        outside = self.desk.outside
        return [_parsed(each.content) for each in outside.take(len(outside.deliveries))]


def _parsed(octets: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


@pytest.fixture
def told(desk: Desk) -> Told:
    return Told(desk)


def test_sender_is_told_once_for_each_reader(told: Told) -> None:
    message = told.seal()
    assert told.read(message)
    assert not told.read(message)

    assert told.turns() == 1
    (mail,) = told.mails()
    told.read(message, CAT)
    assert told.turns(5) == 1
    assert told.turns(9999) == 0

    assert len(told.mails()) == 1
    assert mail["To"] == ANN
    assert mail["From"] == SENDER
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["References"] == mail["In-Reply-To"] == "<7@lab.test>"
    text = mail.get_content()
    assert f"{BOB} has opened your encrypted message of 24 November 2026" in text
    assert told.page in text
    assert told.counted == {"sent": 2}
    events = [row.event for row in told.desk.ring.open().audit.of(message)]
    assert events.count("sender_told") == 2


def test_mail_holds_nothing_secret(told: Told) -> None:
    message = told.seal()
    told.read(message)
    told.turns()

    (mail,) = told.desk.outside.deliveries

    assert mail.sender == ""
    for secret in (b"secret", b"quarter", message.hex().encode(), message.hex()[:12].encode()):
        assert secret not in mail.content


def test_sender_is_told_in_the_language_of_the_branding(told: Told) -> None:
    told.read(told.seal(branding="board"))
    told.turns()

    (mail,) = told.mails()

    assert mail["Subject"] == "Ihre verschlüsselte Nachricht wurde gelesen"


def test_message_id_that_could_be_something_else_is_left_out(told: Told) -> None:
    told.page = ""
    told.read(told.seal(identity="<a b@lab.test> (x)"))
    told.turns()

    (mail,) = told.mails()

    assert mail["References"] is None
    assert "withdraw" not in mail.get_content()


def test_sender_outside_is_not_told(told: Told) -> None:
    message = told.seal(sender="eve@else.test")
    told.read(message)

    assert told.turns() == 1
    assert told.turns(9999) == 0

    assert told.mails() == []
    assert told.desk.ring.open().audit.of(message)[-1].detail == "the sender is not told: he is not inside"


def test_mail_server_that_is_away_is_tried_again(told: Told) -> None:
    message = told.seal()
    told.read(message)
    told.desk.outside.at_end_of_data += ["451 4.3.0 later", "451 4.3.0 later"]

    assert told.turns() == 1
    assert told.turns(4) == 0
    assert told.turns(1) == 1
    assert told.turns(10) == 1

    assert len(told.mails()) == 1
    assert told.counted == {"deferred": 2, "sent": 1}


def test_what_never_can_be_told_is_given_up_and_noted(told: Told) -> None:
    message = told.seal()
    told.read(message)
    told.desk.outside.at_end_of_data += ["451 4.3.0 later"] * 2
    told.turns()

    told.turns(DAY.total_seconds() * 5)

    assert told.mails() == []
    assert told.turns(DAY.total_seconds()) == 0
    assert told.desk.ring.open().audit.of(message)[-1].detail == "the sender could not be told"
    assert told.counted == {"deferred": 1, "failed": 1}


def test_portal_that_dies_before_it_notes_the_mail_sends_no_second(told: Told) -> None:
    message = told.seal()
    told.read(message)
    notices = told.desk.ring.open().read_notices
    due = notices.claim(told.desk.at, timedelta(minutes=5))
    known = told.desk.ring.open().messages.of(message)
    assert due
    assert known
    told.telling._submit(told.desk.ring.open(), due, known)  # and the note of it is lost

    assert told.turns(300) == 1

    assert len(told.mails()) == 1
