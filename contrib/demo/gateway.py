"""Postseal between a private Postfix and a sink, with people who have certificates."""

import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo import pki
from demo.daemon import Daemon
from demo.place import LOOPBACK, free_port, open_directory
from demo.postfix import Postfix
from demo.sink import Sink
from demo.sink_session import Delivery

ANN, BOB, CAT, DAN = "ann@lab.test", "bob@one.test", "cat@two.test", "dan@nokey.test"
EVE = "eve@web.test"
KINDS = {BOB: "rsa", CAT: "p256"}

SETTINGS = """
workers: 2
accepted_domains: [lab.test]
smime:
  certificates: certificates
  identities:
    - {senders: [ann@lab.test], certificate: ann.pem, key: ann.key}
"""


@dataclass(frozen=True)
class Gateway:
    """What runs, and whose keys there are: *people* by address, certified by *root*."""

    daemon: Daemon
    postfix: Postfix
    sink: Sink
    people: dict[str, pki.Person]
    root: pki.Authority
    directory: Path

    def post(
        self, message: bytes, *recipients: str, sender: str = ANN, options: tuple[str, ...] = ()
    ) -> None:
        """Send *message*; raises what smtplib raises for a refusal."""
        with smtplib.SMTP(LOOPBACK, self.postfix.port, timeout=60) as client:
            client.sendmail(sender, recipients or (BOB,), message, options)

    def refused(self, message: bytes, *recipients: str) -> tuple[int, str]:
        """Code and text of the refusal of *message*; fails if it is taken."""
        try:
            self.post(message, *recipients)
        except smtplib.SMTPDataError as error:
            return error.smtp_code, _text(error.smtp_error)
        raise AssertionError("the message was taken")

    def passed(self, message: bytes, *recipients: str, options: tuple[str, ...] = ()) -> Delivery:
        """What the sink got after *message* was sent."""
        self.post(message, *recipients, options=options)
        return self.sink.take_one(seconds=60)

    def decrypted(self, content: bytes, recipient: str) -> bytes:
        """The entity inside *content*, by openssl with the recipient's key."""
        person = self.people[recipient]
        (self.directory / "key.pem").write_bytes(person.key_pem + person.pem)
        return _openssl(content, "-decrypt", "-inkey", str(self.directory / "key.pem"))

    def verified(self, content: bytes) -> bytes:
        """The content that was signed, by openssl with our root; raises if the signature is bad."""
        (self.directory / "root.pem").write_bytes(self.root.pem)
        return _openssl(content, "-verify", "-CAfile", str(self.directory / "root.pem"))


def _text(reply: bytes | str) -> str:
    return reply if isinstance(reply, str) else reply.decode("utf-8", "replace")


def _openssl(content: bytes, *arguments: str) -> bytes:
    command = ["openssl", "cms", "-inform", "SMIME", "-purpose", "any", *arguments]
    done = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@contextmanager
def gateway(
    policies: dict[str, str], *, settings: str = SETTINGS, copies_port: int = 0, **postfix: object
) -> Iterator[Gateway]:
    """A gateway that runs.  *copies_port*: the listener for copies, if it is not the one without milters."""
    with ExitStack() as running:
        ours, theirs = (running.enter_context(open_directory()) for _ in range(2))
        sink = running.enter_context(Sink())
        root = pki.Authority.root()
        people = {address: root.issue(address, kind=kind) for address, kind in KINDS.items()}
        people[ANN] = root.intermediate().issue(ANN)
        copies_port = copies_port or free_port()
        daemon = Daemon(ours, settings=settings, policies=policies, submit_port=copies_port)
        (ours / "certificates").mkdir()
        (ours / "trust").mkdir()
        (ours / "trust" / "root.pem").write_bytes(root.pem)
        for number, address in enumerate(KINDS):
            (ours / "certificates" / f"{number}.pem").write_bytes(people[address].pem)
        (ours / "ann.pem").write_bytes(pki.pem(*people[ANN].chain))
        (ours / "ann.key").touch(mode=0o600)
        (ours / "ann.key").write_bytes(people[ANN].key_pem)
        running.enter_context(daemon)
        milters: dict[str, object] = {"smtpd_milters": daemon.milter, "non_smtpd_milters": daemon.milter}
        options = milters | {"next_hop": sink.next_hop, "reinjection_port": copies_port} | postfix
        started = running.enter_context(Postfix(theirs, **options))  # type: ignore[arg-type]  # passed on
        yield Gateway(daemon, started, sink, people, root, ours)


def without_trace(content: bytes) -> bytes:
    """*content* less the one Received field that Postfix puts on top."""
    assert content.startswith(b"Received: ")
    return content.partition(b"(UTC)\r\n")[2]
