"""A delivery with its journal, a listener, and a message whose recipients need three different copies."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from demo.sink import Sink
from postseal.body import Body
from postseal.delivery import Delivery
from postseal.envelope import Envelope, Recipient
from postseal.guard.seal import Seal
from postseal.guard.trace import Guard
from postseal.message import Header, Message
from postseal.outcome import Copy
from postseal.submission import Submission

ANN, BOB, CAT = (Recipient(f"{name}@x.example") for name in ("ann", "bob", "cat"))
ENVELOPE = Envelope("me@x.example", (ANN, BOB, CAT), queue_id="Q1")


@dataclass
class Bench:
    """A delivery with a clock to turn, its listener, and the store beneath."""

    delivery: Delivery
    sink: Sink
    store: Path
    now: list[datetime] = field(default_factory=lambda: [datetime(2026, 11, 23, tzinfo=UTC)])

    def divide(self, message: Message, copies: list[Copy], envelope: Envelope = ENVELOPE) -> Copy | None:
        return self.delivery.divide(message, envelope, copies, lambda copy: None)

    def served(self) -> list[str]:
        """Who got something since the last look, sorted."""
        deliveries = self.sink.take(len(self.sink.deliveries))
        return sorted(address for each in deliveries for address in each.addresses)


def listener(port: int) -> Submission:
    return Submission("127.0.0.1", port, 5, "gateway.test", Guard(Seal.of(b"bench"), timedelta(days=1)))


def message(identity: str = "<1@x>", body: bytes = b"plain\r\n") -> Message:
    fields = (Header.of("To", "ann@x.example"), Header.of("Subject", "hi"))
    own = (Header.of("Message-ID", identity),) if identity else ()
    return Message((*own, *fields), Body.of(body))


def copies(of: Message) -> list[Copy]:
    """Plain for Ann, sealed for Bob, sealed otherwise for Cat."""
    return [
        Copy(of, (ANN,), "plain"),
        Copy(of.with_body(Body.of(b"sealed 1\r\n.\r\n..dot")), (BOB,), "smime"),
        Copy(of.with_body(Body.of(b"sealed 2")), (CAT,), "smime"),
    ]
