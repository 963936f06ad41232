"""A browser without windows, and a portal with a store and a mail server of its own."""

import email
import email.policy
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from demo.place import LOOPBACK, open_directory
from demo.portal import Portal
from demo.sink import Sink
from demo.visitor import Visitor
from postseal.body import Spool
from postseal.branding import load as branding_files
from postseal.envelope import Client, Envelope, Recipient
from postseal.licence import Attachments
from postseal.locks import NO_LOCKS, Locks
from postseal.message import Message
from postseal.methods.method import Order
from postseal.methods.ome import OmeMethod
from postseal.rights import Right, Template, withholding
from postseal.sealed import source
from postseal.settings import settings as settings_file
from postseal.store.migrate import migrate
from postseal.store.ring import Opened, Ring
from postseal.treatment import Treatment
from sealing import BOB, CAT
from sealing import message as given_message

BRANDINGS = """
brandings:
  sales:
    name: Sales of Lab
    colors: {accent: '#7a2e3a'}
    portal_text: {en: Sales reads with you., de: Der Vertrieb liest mit.}
    disclaimer: Only for you.
    privacy: https://lab.test/privacy
  other: {name: Another Ltd, portal: 'OTHER'}
"""
TEMPLATES = """
templates:
  readers:
    name: {en: Readers only, de: Nur zum Lesen}
    description: They read, and no more.
    rights: [{anyone: true, grant: [view]}]
  ours: {rights: [{domains: lab.test, grant: owner}]}
  hidden: {rights: [{anyone: true, grant: viewer}]}
offer: [do_not_forward, readers, ours]
"""


@dataclass
class Place:
    """A portal that runs, its store, and the mail server that it hands passcodes to."""

    portal: Portal
    ring: Opened
    sink: Sink
    method: OmeMethod
    networks: int = 0

    def visitor(self) -> Visitor:
        """Somebody from another network than everybody before."""
        self.networks += 1
        client = f"10.{self.networks >> 8}.{self.networks & 255}.7"
        return Visitor(self.portal.port, send={"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": client})

    def sealed(
        self,
        message: Message | None = None,
        *,
        to: tuple[str, ...] = (BOB, CAT),
        lifetime: float | None = None,
        branding: str = "",
        withheld: Iterable[Right] = (),
        locks: Locks = NO_LOCKS,
        sender: str = "ann@lab.test",
        read_notice: bool | None = None,
        templates: tuple[Template, ...] = (),
        attachments: Attachments | None = None,
    ) -> EmailMessage:
        """The mail that carries *message*."""
        message = message or given_message(identity=f"<{datetime.now(UTC).timestamp()}@lab.test>")
        who = tuple(map(Recipient, to))
        treatment = Treatment(
            lifetime=lifetime,
            branding=branding,
            withheld=withholding(withheld),
            templates=templates,
            attachments=attachments,
            read_notice=read_notice,
        )
        order = Order(message, Envelope(sender, who, Client(), locks=locks), treatment)
        raw = b"".join(self.method.protect(message, who, order=order).pieces())
        parsed = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def code(self) -> tuple[EmailMessage, str]:
        """The mail with a passcode that has come, and the passcode."""
        mail = email.message_from_bytes(self.sink.take_one(seconds=60).content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found = re.search(r"\b(\d{4}) (\d{4})\b", mail.get_content())
        assert found
        return mail, found[1] + found[2]

    def signed_in(self, path: str, address: str = BOB) -> Visitor:
        """Somebody who has typed the code that was sent to *address*, for the message at *path*."""
        visitor = self.visitor()
        visitor.get(path)
        assert visitor.post(f"{path}/address", address=address).status == 303
        assert visitor.post(f"{path}/code", code=self.code()[1]).to == path
        return visitor

    def events(self, message: bytes) -> list[str]:
        return [row.event for row in self.ring.audit.of(message)]


@contextmanager
def place(*, more: str = "", ome: str = "", public: int = 0, store: str = "") -> Iterator[Place]:
    """A place where sealed messages are read.  *store*: a data source name in place of SQLite's."""
    with ExitStack() as running:
        directory = running.enter_context(open_directory())
        sink = running.enter_context(Sink())
        file = directory / "postseal.yaml"
        portal = Portal(directory / "portal", file, more=more, ome=ome, public=public)
        host, _, port = sink.next_hop.rpartition(":")
        assert host == f"[{LOOPBACK}]"
        file.write_text(
            f"accepted_domains: [lab.test]\n{'' if 'policies:' in more else 'policies: policies'}\n"
            f"store: '{store or f'sqlite:///{directory}/store/store.sqlite'}'\n"
            f"submit_to: {LOOPBACK}:{port}\nstore_timeout: 30s\n{portal.settings}"
        )
        folder = directory / "policies" / "brandings"
        folder.mkdir(parents=True)
        (folder / "10.yaml").write_text(BRANDINGS.replace("OTHER", f"https://127.0.0.1:{portal.port}"))
        (folder.parent / "templates").mkdir()
        (folder.parent / "templates" / "10.yaml").write_text(TEMPLATES)
        settings = settings_file.load(file)
        migrate(settings.store)
        ring = Ring(settings.store, timeout=30, keys=source.load(settings.ome))
        running.callback(ring.open().store.close)
        running.enter_context(portal)
        method = OmeMethod(
            settings.ome,
            ring,
            Spool(),
            clock=lambda: datetime.now(UTC),
            brandings=branding_files.load(settings),
        )
        yield Place(portal, ring.open(), sink, method)


def path_of(mail: EmailMessage) -> str:
    """The path of the link in *mail*."""
    plain = mail.get_body(("plain",))
    assert plain
    found = re.search(r"https://localhost:\d+(/m/[0-9a-f]{32})", plain.get_content())
    assert found
    return found[1]


def id_of(mail: EmailMessage) -> bytes:
    return bytes.fromhex(path_of(mail).removeprefix("/m/"))


def leftovers(directory: Path) -> list[bytes]:
    """The octets of every file below *directory*."""
    return [file.read_bytes() for file in directory.rglob("*") if file.is_file()]
