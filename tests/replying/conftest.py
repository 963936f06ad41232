"""A sealed message, a portal's verbs of replying, and two listeners: for people inside, and for others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from demo.sink import Sink
from postseal.body import Body, Spool
from postseal.branding.branding import DEFAULT, Branding
from postseal.envelope import Client, Envelope, Recipient
from postseal.language.language import Language
from postseal.message import Header, Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.replying.dispatch import Dispatch
from postseal.replying.forwards import Forwarding, Forwards
from postseal.replying.original import Inside, Whom
from postseal.replying.replies import Replies, Written
from postseal.rights import Template
from postseal.sealed.container import HEADER_OCTETS, Head, opened
from postseal.settings.forwards import Forwards as ForwardLimits
from postseal.settings.ome import Ome
from postseal.settings.replies import Replies as Limits
from postseal.store.containers import kept
from postseal.store.migrate import migrate
from postseal.store.registry import Registry, Search
from postseal.store.ring import Ring
from postseal.store.sealed import SealedMessage, unwrapped
from postseal.submission import Submission
from postseal.treatment import Treatment
from sealing import KEYS, NOON, PORTAL

ANN, BOB, CAT = "ann@lab.test", "bob@one.test", "cat@two.test"
SENDER = "portal@lab.test"
ORIGINAL = Message(
    (
        Header.of("From", "Ann <ann@lab.test>"),
        Header.of("To", "Bob Builder <Bob@One.test>, Cat <cat@two.test>"),
        Header.of("Cc", "dan@lab.test"),
        Header.of("Subject", "the secret quarter"),
        Header.of("Message-ID", "<1@lab.test>"),
        Header.of("References", "<0@lab.test>"),
    ),
    Body.of(b"The numbers: 1, 2, 3.\r\n"),
)
NONCE = bytes(16)
BRANDINGS = {
    DEFAULT: Branding(),
    "board": Branding(word="board", name="The Board of Lab Ltd", languages=(Language.DE,)),
}


def submission(port: int) -> Submission:
    return Submission("127.0.0.1", port, 5, "portal.lab.test", None)


@dataclass
class Desk:
    """What a portal has; its clock can be turned."""

    ring: Ring
    spool: Spool
    inside: Sink
    outside: Sink
    at: datetime = NOON
    limits: Limits = field(default_factory=Limits)
    forward_limits: ForwardLimits = field(default_factory=ForwardLimits)
    counted: Counter[str] = field(default_factory=Counter)
    offered: dict[str, Template] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = Ome(portal=PORTAL, online=86400.0)
        self.method = OmeMethod(settings, self.ring, self.spool, clock=lambda: self.at, brandings=BRANDINGS)
        self.sealed = self.seal(ORIGINAL).id
        self.replies = Replies(
            self.limits,
            ring=self.ring,
            sender=SENDER,
            inside=Inside(["lab.test"]),
            spool=self.spool,
            clock=lambda: self.at,
            templates=lambda: self.offered,
        )
        self.forwards = Forwards(
            self.forward_limits,
            settings,
            ring=self.ring,
            method=self.method,
            branding=lambda word: BRANDINGS.get(word, BRANDINGS[DEFAULT]),
            sender=SENDER,
            spool=self.spool,
            clock=lambda: self.at,
            give_up=self.limits.give_up,
        )
        self.dispatch = Dispatch(
            self.ring,
            self.method,
            submission(self.inside.port),
            submission(self.outside.port),
            SENDER,
            lambda word: BRANDINGS.get(word, BRANDINGS[DEFAULT]),
            self.spool,
            lambda: self.at,
            lambda word: self.counted.update([word]),
            template=self.offered.get,
        )

    def seal(self, message: Message, *recipients: str, branding: str = "") -> SealedMessage:
        """Seal *message*, as the milter does."""
        who = tuple(Recipient(address) for address in recipients or (BOB, CAT))
        envelope = Envelope(ANN, who, Client(), queue_id="4Wx2Lk")
        self.method.protect(message, who, order=Order(message, envelope, Treatment(branding=branding)))
        ring = self.ring.open()
        with_id = message.first("Message-ID")
        assert with_id
        (known,) = [one for one in _messages(self.ring) if one.message_id == with_id.decode()]
        assert ring.containers.find(kept(known.id), self.at)
        return known

    def send(self, whom: Whom = Whom.AUTHOR, *, nonce: bytes = NONCE, by: str = BOB, **more: object) -> bool:
        written = Written(nonce, whom, "Thank you for the marker-of-a-reply.")
        return self.replies.send(self.sealed, ORIGINAL, by, replace(written, **more))  # type: ignore[arg-type] # fields

    def forward(self, to: str, *, by: str = BOB, nonce: bytes = NONCE, note: str = "") -> bool:
        """Forward the sealed message to the addresses *to*."""
        container = self.ring.open().containers.find(kept(self.sealed), self.at)
        assert container
        return self.forwards.send(container, ORIGINAL, by, Forwarding(nonce, to, note))

    def turns(self, seconds: float = 0.0) -> int:
        """Do all that is due after *seconds*; how much that was."""
        self.at += timedelta(seconds=seconds)
        return sum(iter(self.dispatch.turn, False))

    def read(self, carrier: bytes, address: str) -> bytes:
        """What *address* reads in the message that *carrier* links to."""
        ring = self.ring.open()
        id_ = bytes.fromhex(carrier.partition(f"{PORTAL}/m/".encode())[2][:32].decode())
        container = ring.containers.find(kept(id_), self.at)
        assert container
        octets = b"".join(ring.containers.pieces(container))
        known = ring.messages.of(Head.of(octets[:HEADER_OCTETS]).id)
        assert known
        reader = known.addressee(address)
        assert reader
        return opened([octets], unwrapped(known, reader, ring.keys), Spool()).read()


def _messages(ring: Ring) -> tuple[SealedMessage, ...]:
    opened = ring.open()
    return Registry(opened.store, opened.audit, opened.messages).search(Search())


@contextmanager
def at(dsn: str, folder: Path) -> Iterator[Desk]:
    """The verbs over the database *dsn*."""
    migrate(dsn)
    with ExitStack() as running:
        ring = Ring(dsn, timeout=30, keys=KEYS)
        running.callback(ring.open().store.close)
        inside, outside = (running.enter_context(Sink()) for _ in range(2))
        yield Desk(ring, Spool(folder, 1000), inside, outside)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with at(f"sqlite:///{tmp_path}/store/store.sqlite", tmp_path) as made:
        yield made
