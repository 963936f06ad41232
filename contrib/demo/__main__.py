"""`make demo`: real mail through a private Postfix and Postseal, and what came out of it.

Everything runs on loopback, in directories of its own, and is gone at the end; with --keep it stays
until Ctrl-C.  The exit code is 0 only if every mail fared as it should.
"""

import argparse
import os
import re
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message

from demo.gateway import ANN, BOB, DAN, EVE, SETTINGS, Gateway, gateway
from demo.place import open_directory
from demo.portal import Portal
from demo.visitor import Visitor

POLICY = """\
rules:
  - name: secure on demand            # Ann asks for it in the subject
    when:
      sender_scope: inside
      subject_words: "[secure]"
    then:
      - protect: smime

  - name: sealed on demand            # for those who have no certificate: they read it in a browser
    when:
      sender_scope: inside
      subject_words: "[sealed]"
    then:
      - protect: ome

  - name: invoices are signed
    when:
      sender_scope: inside
      subject_words: invoice
    then:
      - sign: true

  - name: card numbers stay here
    when:
      recipient_scope: outside
      body_matches: '\\b(?:\\d{4}[ -]?){3}\\d{4}\\b'
    then:
      - reject: Card numbers must not be sent by mail.

examples:                             # run at every load: a policy that breaks them is refused
  - {from: ann@lab.test, auth: ann, to: bob@one.test, subject: "[secure] plans", expect: {protect: smime}}
  - {from: ann@lab.test, auth: ann, to: bob@one.test, body: 4111 1111 1111 1111, expect: reject}
"""


@dataclass(frozen=True)
class Mail:
    """A mail to send, and how its story is told."""

    title: str
    subject: str
    body: str
    to: str
    tell: Callable[[Gateway, bytes], bool]

    @property
    def octets(self) -> bytes:
        """The message as a mail program would send it."""
        head = f"From: Ann <{ANN}>\r\nTo: {self.to}\r\nSubject: {self.subject}\r\nMIME-Version: 1.0\r\n"
        type_ = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        return f"{head}{type_}\r\n{self.body}\r\n".encode()


def say(label: str, text: str) -> None:
    """One line, or a block, of the story."""
    first, *rest = text.splitlines() or [""]
    print(f"     {label:<12}{first}")
    for line in rest:
        print(f"     {'':<12}{line}")


def plain(gate: Gateway, octets: bytes) -> bool:
    """No rule is about the mail."""
    arrived = gate.passed(octets).content
    say("arrived", "as it was sent, byte for byte below the trace line of Postfix")
    return arrived.endswith(octets.partition(b"\r\n\r\n")[2])


def encrypted(gate: Gateway, octets: bytes) -> bool:
    """The mail arrives sealed, and its reader can open it."""
    arrived = gate.passed(octets).content
    say("arrived", outline(arrived))
    opened = gate.decrypted(arrived, BOB)
    say("Bob reads", text(opened))
    say("", "(openssl cms -decrypt, with Bob's key)")
    return text(octets) == text(opened) and text(octets).encode() not in arrived


def signed(gate: Gateway, octets: bytes) -> bool:
    """The mail arrives signed, and everybody can verify it."""
    arrived = gate.passed(octets).content
    say("arrived", outline(arrived))
    verified = text(gate.verified(arrived))
    say("verified", verified)
    say("", "(openssl cms -verify: signed by ann@lab.test, unchanged)")
    return verified == text(octets)


def refused(gate: Gateway, octets: bytes) -> bool:
    """A rule rejects the mail."""
    code, reason = gate.refused(octets)
    say("Ann is told", f"{code} {reason}")
    say("arrived", "nothing")
    return code == 550 and gate.sink.is_quiet()


def waits(gate: Gateway, octets: bytes) -> bool:
    """The mail must be protected, and cannot be."""
    code, reason = gate.refused(octets, DAN)
    say("Ann is told", f"{code} {reason}")
    say("arrived", "nothing: the mail stays with its sender until Dan has a certificate")
    return code == 451 and gate.sink.is_quiet()


def sealed(gate: Gateway, octets: bytes) -> bool:
    """The mail arrives sealed, and its reader opens it in a browser with a code from her mailbox."""
    arrived = gate.passed(octets, EVE).content
    say("arrived", outline(arrived))
    mail = message_from_bytes(arrived, policy=policy.default)
    portal, path = re.findall(r"(https://\S+?)(/m/\w+)", _plain(mail))[0]
    eve = Visitor(int(portal.rpartition(":")[2]))
    eve.post(f"{path}/address", address=EVE)
    told = _plain(message_from_bytes(gate.sink.take_one(seconds=60).content, policy=policy.default))
    say("Eve gets", told.splitlines()[0])
    (code,) = re.findall(r"\d{4} \d{4}", told.splitlines()[0])
    eve.post(f"{path}/code", code=code)
    read = re.findall(r'<p dir="auto">([^<]+)</p>', eve.get(f"{path}/body").text)
    say("Eve reads", "\n".join(read))
    say("", f"(in a browser, at {portal})")
    return text(octets) in read and text(octets).encode() not in arrived


def _plain(mail: Message) -> str:
    part = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
    return str(part.get_content()) if part else ""


MAILS = (
    Mail("An ordinary mail: no rule is about it.", "Lunch?", "Tomorrow at noon, in the café?", BOB, plain),
    Mail(
        "The subject asks for protection, and policy encrypts for Bob.",
        "[secure] plans", "We sign on Friday, at 17 €.", BOB, encrypted,
    ),
    Mail(
        "Eve has no certificate: the message is sealed, and she reads it in a browser.",
        "[sealed] plans", "We sign on Friday, at 17 €.", EVE, sealed,
    ),
    Mail("Invoices leave with Ann's signature.", "invoice 42", "Please pay 1,234 €.", BOB, signed),
    Mail(
        "A card number in the text: a rule rejects the mail.",
        "My card", "It is 4111 1111 1111 1111.", BOB, refused,
    ),
    Mail(
        "It must be encrypted, but Dan has no certificate: better late than in clear.",
        "[secure] for Dan", "Nobody else may read this.", DAN, waits,
    ),
)  # fmt: skip


def outline(content: bytes) -> str:
    """What a stranger on the way sees of a mail: some fields and the beginning of the body."""
    shown = ("Subject", "Content-Type")
    message = message_from_bytes(content, policy=policy.compat32)
    fields = [f"{name}: {' '.join(str(message[name]).split())}" for name in shown if message[name]]
    body = content.partition(b"\r\n\r\n")[2].decode("ascii", "replace").splitlines()
    return "\n".join([*(textwrap.shorten(field, 90) for field in fields), "", *body[:3], "…"])


def text(entity: bytes) -> str:
    """The text of an entity, decoded."""
    message = message_from_bytes(entity, policy=policy.default)
    content = message.get_content()
    assert isinstance(content, str)
    return content.strip()


def story(gate: Gateway) -> bool:
    """Send every mail and tell what became of it; whether all fared as they should."""
    good = True
    for number, mail in enumerate(MAILS, 1):
        print(f"\n  {number}. {mail.title}\n")
        say("Ann sends", f"to {mail.to}, subject “{mail.subject}”\n{mail.body}")
        fared = mail.tell(gate, mail.octets)
        print("     " + ("✓ as it should be" if fared else "✗ NOT as it should be"))
        good = good and fared
    print("\n  What Postseal logged: one line for each mail\n")
    lines = [line for line in gate.daemon.log().splitlines() if "queue_id=" in line]
    print(textwrap.indent("\n".join(line.partition(" ")[2].partition(" ")[2] for line in lines), "     "))
    print("\n  What Prometheus sees\n")
    shown = ("postseal_messages_total", "postseal_copies_total", "postseal_rule_hits_total")
    metrics = [line for line in gate.daemon.metrics().splitlines() if line.startswith(shown)]
    print(textwrap.indent("\n".join(metrics), "     "))
    return good


def places(gate: Gateway, portal: Portal) -> None:
    """Where everything is."""
    print("  What runs, on loopback only:\n")
    say("Postfix", f"smtp://127.0.0.1:{gate.postfix.port}")
    say("Postseal", f"unix:{gate.daemon.socket}")
    say("portal", f"{portal.address}   (its certificate is made on the spot: the browser will warn)")
    say("metrics", f"http://127.0.0.1:{gate.daemon.metrics_port}/metrics")
    say("mailbox", f"smtp://127.0.0.1:{gate.sink.port} takes what leaves Postfix")
    say("settings", str(gate.daemon.settings_file))
    say("policy", str(gate.daemon.policies / "10-demo.yaml"))
    print(textwrap.indent("\n" + POLICY, "     "))


def keep(gate: Gateway) -> None:
    """Leave it running, and show each mail that arrives."""
    print("\n  It keeps running; Ctrl-C stops it.  Try it from another terminal:\n")
    options = f"--settings {gate.daemon.settings_file}"
    print(f"     printf 'From: {ANN}\\nTo: {BOB}\\nSubject: [secure] hi\\n\\nHello\\n' |")
    print(f"       curl -sT - smtp://127.0.0.1:{gate.postfix.port} --mail-from {ANN} --mail-rcpt {BOB}")
    print(f"     with [sealed] in the subject and {EVE} for {BOB}, open the link in a browser that runs here")
    print(f"     .venv/bin/postseal status {options}")
    print(f"     edit the policy, then .venv/bin/postseal reload {options}\n", flush=True)
    while True:
        for delivery in gate.sink.take(seconds=86_400):
            print(f"\n  arrived for {', '.join(delivery.addresses)}\n")
            say("", outline(delivery.content))
            told = _plain(message_from_bytes(delivery.content, policy=policy.default))
            for line in re.findall(r"https://\S+/m/\w+|^Your code: .*", told, re.MULTILINE):
                say("", line)
            sys.stdout.flush()


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C and SIGTERM both end the block, and what it started, without a traceback."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        yield
    except KeyboardInterrupt:
        print("\n  stopping")


def main() -> int:
    """Run the demo."""
    parser = argparse.ArgumentParser(prog="make demo", description="Real mail through a private Postfix.")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    keeping: bool = parser.parse_args().keep
    if os.geteuid() != 0 or not shutil.which("postfix", path=f"/usr/sbin:{os.environ['PATH']}"):
        print("The demo starts a private Postfix, which needs root: sudo make demo", file=sys.stderr)
        return 1
    print("\nPostseal demo: real mail through a private Postfix.\n")
    with ExitStack() as running:
        running.enter_context(stoppable())
        folder = running.enter_context(open_directory())
        portal = Portal(folder / "portal", folder)
        settings = SETTINGS + portal.settings
        gate = running.enter_context(gateway({"10-demo.yaml": POLICY}, settings=settings))
        portal.settings_file = gate.daemon.settings_file
        running.enter_context(portal)
        places(gate, portal)
        try:
            good = story(gate)
        except Exception:
            print(f"\n  This should not have happened.  Postseal's log:\n\n{gate.daemon.log()}", flush=True)
            raise
        if keeping:
            keep(gate)
    print(
        "\n  Everything is stopped and removed.\n"
        + ("" if good else "  Something went wrong: see ✗ above.\n")
    )
    return 0 if good else 1


sys.exit(main())
