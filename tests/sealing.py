"""The method ome with a store of its own, and a reader who opens what it makes as the portal would."""

import email
import email.policy
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from postseal.body import Body, Spool
from postseal.branding.branding import Branding
from postseal.envelope import Client, Envelope, Recipient
from postseal.message import Header, Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.sealed.armor import dearmored
from postseal.sealed.container import HEADER_OCTETS, Head, opened
from postseal.sealed.master import LocalKeys, context
from postseal.settings.ome import Ome
from postseal.store.migrate import migrate
from postseal.store.ring import Opened, Ring
from postseal.store.sealed import unwrapped
from postseal.treatment import Treatment

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
PORTAL = "https://portal.lab.test"
SETTINGS = Ome(portal=PORTAL)
BOB, CAT = "Bob@one.test", "cat@two.test"
TEXT = b"The numbers: 1, 2, 3.\r\n"
KEYS = LocalKeys({"a": bytes(32)}, "a")


def message(*more: tuple[str, str], body: bytes = TEXT, identity: str = "<1@lab.test>") -> Message:
    fields = [
        ("Received", "from client by mx"),
        ("From", "Ann <ann@lab.test>"),
        ("To", f"{BOB}, {CAT}"),
        ("Subject", "the secret quarter"),
        ("Thread-Topic", "the secret quarter"),
        ("Message-ID", identity),
        ("In-Reply-To", "<0@else.test>"),
        ("References", "<00@else.test> <0@else.test>"),
        ("DKIM-Signature", "v=1; b=x"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Mailer", "secret agent"),
        *more,
    ]
    return Message(tuple(Header.of(*field) for field in fields), Body.of(body))


_PLAIN = Treatment()


class Sealing:
    """The method with *settings*, at a time that can be changed."""

    def __init__(self, ring: Ring, settings: Ome = SETTINGS, *brandings: Branding) -> None:
        self.at = NOON
        self.ring = ring.open()
        self.method = OmeMethod(
            settings,
            ring,
            Spool(),
            clock=lambda: self.at,
            brandings={each.word: each for each in (Branding(), *brandings)},
        )

    def __call__(
        self,
        given: Message,
        *recipients: str,
        treatment: Treatment = _PLAIN,
        sender: str = "ann@lab.test",
        queue_id: str = "4Wx2Lk",
    ) -> EmailMessage:
        who = tuple(Recipient(address) for address in recipients or (BOB,))
        envelope = Envelope(sender, who, Client(), queue_id=queue_id)
        sealed = self.method.protect(given, who, order=Order(given, envelope, treatment))
        self.raw = b"".join(sealed.pieces())
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def opened(self, container: bytes, address: str = "bob@one.test") -> bytes:
        """What *address* reads in *container*."""
        known = self.ring.messages.of(Head.of(container[:HEADER_OCTETS]).id)
        assert known
        reader = known.addressee(address)
        assert reader
        assert reader.readable(self.at)
        return opened([container], unwrapped(known, reader, self.ring.keys), Spool()).read()


def attached(mail: EmailMessage) -> str:
    """The file message.html."""
    (part,) = [part for part in mail.walk() if part.get_filename() == "message.html"]
    text = part.get_content()
    assert isinstance(text, str)
    return text


def field_of(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def posted(mail: EmailMessage) -> bytes:
    """The container that the form of message.html posts."""
    return b"".join(dearmored([field_of(attached(mail), "p").encode("ascii")]))


def link(mail: EmailMessage) -> str:
    plain = mail.get_body(("plain",))
    assert plain
    found = re.search(rf"{PORTAL}/m/[0-9a-f]{{32}}(?=\r?$)", plain.get_content(), re.MULTILINE)
    assert found
    return found[0]


def withhold(ring: Opened, message: bytes, address: str, right: str) -> None:
    """Let policy withhold *right* of *message*, whose key for *address* is bound to that too."""
    known = ring.messages.of(message)
    assert known
    reader = known.addressee(address)
    assert reader
    assert reader.key
    key = unwrapped(known, reader, ring.keys)
    new = ring.keys.wrap(key, context(message, address, [right]))
    facts = {"id": message, "address": address, "right": right, "octets": new.octets}

    def work(connection: Connection) -> None:
        connection.execute(text("UPDATE sealed_messages SET rights = :right WHERE id = :id"), facts)
        change = "UPDATE sealed_keys SET octets = :octets WHERE message = :id AND address = :address"
        connection.execute(text(change), facts)

    ring.store.write(work)


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Ring]:
    dsn = f"sqlite:///{tmp_path}/store/store.sqlite"
    migrate(dsn)
    ring = Ring(dsn, timeout=30, keys=KEYS)
    with closing(ring.open().store):
        yield ring
