"""What the campaign runs through: a Postfix that sends, ours with Postseal, and a sink.

sender (a Postfix: its queue retries) ──▶ gateway (Postfix, milter: Postseal) ──▶ sink
                                             ▲            │ copies
                                             └─ Listener ◀┘
"""

import os
import shutil
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from demo import pki
from demo.daemon import Daemon
from demo.place import LOOPBACK, free_port, open_directory
from demo.postfix import Postfix
from demo.sink import Sink
from demo.sink_session import Delivery
from faults.listener import Listener
from faults.mails import POLICY, SEALED, SENDER, Sent

WORKERS = 6
SETTINGS = f"""
workers: {WORKERS}
accepted_domains: [lab.test]
memory_body: 32k
submit_timeout: 1s
store_timeout: 2s
smime: {{certificates: certificates}}
"""
# A queue file that a scan finds still locked by the delivery before, or set aside for a moment, waits in
# "incoming" until master wakes the queue manager, every 300 s as it comes: much longer than we wait.
_QUEUE_MANAGER = "qmgr unix n - n 5 1 qmgr\n"
LAUNCHER = Path(__file__).parent / "launcher.py"
# A sender that is not discouraged by failures: they are what it is here for.
_SENDER = {
    "minimal_backoff_time": "1s",
    "maximal_backoff_time": "2s",
    "queue_run_delay": "1s",
    "default_destination_concurrency_limit": "12",
    "initial_destination_concurrency": "12",
    "default_destination_concurrency_negative_feedback": "0",
    "default_destination_concurrency_failed_cohort_limit": "1000000",
    "smtp_connection_cache_on_demand": "no",
    "smtp_data_done_timeout": "60s",
    "queue_minfree": "0",
}


@dataclass
class Lab:
    """What runs.  *serials*: address by the serial number of its certificate."""

    daemon: Daemon
    sender: Postfix
    gateway: Postfix
    sink: Sink
    listener: Listener
    people: dict[str, pki.Person]
    trace: Path
    arrived: list[Delivery] = field(default_factory=list)

    @property
    def serials(self) -> dict[int, str]:
        """Whom a RecipientInfo names."""
        return {person.certificate.serial_number: address for address, person in self.people.items()}

    def post(self, mails: Iterable[Sent]) -> None:
        """Give *mails* to the sender, who keeps trying."""
        with smtplib.SMTP(LOOPBACK, self.sender.port, timeout=60) as client:
            for mail in mails:
                client.sendmail(SENDER, mail.recipients, mail.octets)

    def settle(self, *, seconds: float = 120.0) -> None:
        """Wait until nobody holds a message any more.

        Raises TimeoutError if for so many *seconds* none got any further.
        """
        before, deadline = (), 0.0
        # What has left the sender may still be in the gateway, never the other way round.
        while any(queues := (self.sender.queue(), self.gateway.queue())):
            now = tuple(len(each.reasons) for queue in queues for each in queue)
            if now != before:
                before, deadline = now, time.monotonic() + seconds
            if time.monotonic() > deadline:
                raise TimeoutError(f"still queued: {queues[0][:5]} {queues[1][:5]}")
            time.sleep(0.2)
        self.arrived += self.sink.take(len(self.sink.deliveries))

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        """The sender waits for the answer to a message before it sends another."""
        self._at_once("1")
        yield
        self._at_once("12")

    def _at_once(self, limit: str) -> None:
        names = ("default_destination_concurrency_limit", "initial_destination_concurrency")
        self.sender.configure(dict.fromkeys(names, limit))
        self.sender.reload()

    def attempts(self) -> list[str]:
        """The lines of the trace (`launcher.py`)."""
        trace = self.trace / "trace"
        return trace.read_text().splitlines() if trace.exists() else []


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[Path]:
    """A file system of its own at *place*."""
    place.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=0700", "tmpfs", str(place)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


@contextmanager
def lab(*, store: str = "", disk: int = 0) -> Iterator[Lab]:
    """A lab that runs; *store*: a database in place of SQLite; *disk*: MiB for store and spool each."""
    with ExitStack() as running:
        ours, traces, *theirs = (running.enter_context(open_directory()) for _ in range(4))
        (traces / "fired").mkdir()
        sink = running.enter_context(Sink())
        copies, behind = free_port(), free_port()
        daemon = Daemon(
            ours, settings=SETTINGS, policies={"1.yaml": POLICY}, submit_port=copies, store=store,
            program=(LAUNCHER, traces),
        )  # fmt: skip
        people = _people(ours)
        for name in ("store", "spool") if disk else ():
            running.enter_context(small_disk(ours / name, disk))
        running.enter_context(daemon)
        milter = daemon.milter.replace("content_timeout=60s", "content_timeout=6s")
        gateway = running.enter_context(
            Postfix(
                theirs[0],
                next_hop=sink.next_hop,
                smtpd_milters=milter,
                reinjection_port=behind,
                services=_QUEUE_MANAGER,
            )
        )
        sender = running.enter_context(
            Postfix(
                theirs[1],
                next_hop=f"[{LOOPBACK}]:{gateway.port}",
                parameters=_SENDER,
                services=_QUEUE_MANAGER,
            )
        )
        listener = running.enter_context(Listener(copies, behind))
        yield Lab(daemon, sender, gateway, sink, listener, people, traces)


def _people(place: Path) -> dict[str, pki.Person]:
    root = pki.Authority.root()
    kinds = ("rsa", "p256")
    people = {each: root.issue(each, kind=kinds[number % 2]) for number, each in enumerate(SEALED)}
    (place / "certificates").mkdir()
    for number, person in enumerate(people.values()):
        (place / "certificates" / f"{number}.pem").write_bytes(person.pem)
    return people


def possible() -> str:
    """Why there can be no lab here; "" if there can."""
    if os.geteuid() != 0 or shutil.which("postfix") is None:
        return "a private Postfix needs root"
    return "" if sys.platform == "linux" else "Linux only"
