"""Letters are submitted once each, whatever goes wrong, and before the copies they are about."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.place import free_port
from demo.sink import Sink
from postseal.body import Body
from postseal.delivery import Delivery
from postseal.envelope import Envelope, Recipient
from postseal.errors import Cause, Failure
from postseal.guard.seal import Seal
from postseal.guard.trace import Guard
from postseal.letter import Letter
from postseal.message import Header, Message
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate
from postseal.submission import Submission

GUARD = Guard(Seal.of(b"telling"), timedelta(days=1))

ENVELOPE = Envelope("ann@x.example", (Recipient("bob@x.example"),), queue_id="Q1")
LETTERS = [
    Letter(Message((Header.of("Subject", "a"),), Body.of(b"1\r\n")), "sec@x.example", "report a"),
    Letter(Message((Header.of("Subject", "b"),), Body.of(b"2\r\n")), "sec@x.example", "report b"),
    Letter(Message((Header.of("Subject", "c"),), Body.of(b"3\r\n")), "ann@x.example", "note"),
]


def message(identity: str = "<1@x>") -> Message:
    own = (Header.of("Message-ID", identity),) if identity else ()
    return Message((*own, Header.of("To", "bob@x.example")), Body.of(b"hello\r\n"))


@dataclass
class Bench:
    delivery: Delivery
    sink: Sink
    now: list[datetime] = field(default_factory=lambda: [datetime(2026, 11, 23, tzinfo=UTC)])

    def told(self) -> list[bytes]:
        """The subjects of what arrived since the last look."""
        deliveries = self.sink.take(len(self.sink.deliveries))
        assert all(each.sender == "" for each in deliveries)
        return sorted(each.content.partition(b"Subject: ")[2][:1] for each in deliveries)


@pytest.fixture
def bench(tmp_path: Path, sink: Sink):
    place = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(place)
    store = Store(place, timeout=2)
    listener = Submission("127.0.0.1", sink.port, 5, "gateway.test", GUARD)
    yield Bench(Delivery(listener, Journal(store), lambda: datetime(2026, 11, 23, tzinfo=UTC)), sink)
    store.close()


def test_tell_sends_each_letter_once_however_often_it_is_tried(bench: Bench) -> None:
    for _ in range(3):
        bench.delivery.tell(message(), ENVELOPE, LETTERS)

    assert bench.told() == [b"a", b"b", b"c"]


def test_tell_about_another_message_is_another_letter(bench: Bench) -> None:
    for identity in ("<1@x>", "<2@x>"):
        bench.delivery.tell(message(identity), ENVELOPE, LETTERS[:1])

    assert bench.told() == [b"a", b"a"]


def test_tell_about_mail_without_identity_each_time(bench: Bench) -> None:
    for _ in range(2):
        bench.delivery.tell(message(""), ENVELOPE, LETTERS[:1])

    assert bench.told() == [b"a", b"a"]


def test_tell_that_fails_has_the_message_tried_again_and_sends_only_what_is_missing(bench: Bench) -> None:
    bench.sink.at_end_of_data.extend(["250 ok", "451 4.3.0 later"])

    with pytest.raises(Failure) as failure:
        bench.delivery.tell(message(), ENVELOPE, LETTERS)
    assert failure.value.cause is Cause.SUBMISSION
    assert len(bench.told()) == 1

    bench.delivery.tell(message(), ENVELOPE, LETTERS)
    assert len(bench.told()) == 2


def test_tell_letter_that_nobody_will_ever_take_holds_up_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.sink.answers["ann@x.example"] = "550 5.1.1 nobody"

    bench.delivery.tell(message(), ENVELOPE, LETTERS)

    assert bench.told() == [b"a", b"b"]
    assert "event=notice_refused queue_id=Q1" in caplog.text


def test_tell_letter_that_mail_waits_for_has_it_wait_though_nobody_will_ever_take_it(bench: Bench) -> None:
    bench.sink.answers["ann@x.example"] = "550 5.1.1 nobody"
    letters = [replace(each, vital=each.to == "ann@x.example") for each in LETTERS]

    with pytest.raises(Failure):
        bench.delivery.tell(message(), ENVELOPE, letters)

    del bench.sink.answers["ann@x.example"]
    bench.delivery.tell(message(), ENVELOPE, letters)
    assert bench.told() == [b"a", b"b", b"c"]


def test_tell_without_listener_has_the_message_tried_again(bench: Bench) -> None:
    nobody = Submission("127.0.0.1", free_port(), 5, "gateway.test", GUARD)

    with pytest.raises(Failure):
        Delivery(nobody, bench.delivery.journal, bench.delivery.clock).tell(message(), ENVELOPE, LETTERS)

    bench.delivery.tell(message(), ENVELOPE, LETTERS)
    assert bench.told() == [b"a", b"b", b"c"]
