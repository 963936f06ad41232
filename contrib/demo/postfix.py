"""A private Postfix: its own configuration, queue, data, log and loopback ports; the system's is not touched.

It relays everything to one next hop and delivers nothing itself.  Two listeners: `port`, with the
milters given, and `reinjection_port`, without them, where copies come back in.  Needs root, as
Postfix's master does.  `start` returns when both ports are open; every command has a hard limit, and a
Postfix that does not start raises `NotStarted` with its own words.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from demo.place import free_port
from demo.postfix_files import MASTER, main, without

LIMIT = 60.0
"""Seconds after which a command is taken for hung."""


class NotStarted(Exception):
    """Postfix did not come up; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A message that Postfix holds.

    *queue*: active, deferred, hold, …; *reasons*: recipient → why it waits, "" if nothing was tried yet.
    """

    queue_id: str
    queue: str
    sender: str
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Tls:
    """The files, PEM, with which Postfix offers STARTTLS."""

    certificate: Path
    key: Path


class Postfix:
    """A Postfix of our own below *directory*: a context manager, or `start` and `stop`.

    *directory*: absolute, empty, and every folder above it open to the user postfix.
    *next_hop*: `[HOST]:PORT` or a transport.  *smtpd_milters*, *non_smtpd_milters*: as in main.cf.
    *login*: the path of a Dovecot auth socket (`demo.login`) for SMTP AUTH.
    *resolver*: the address of a name server, which is asked where mail goes if *next_hop* is "".
    *parameters*: more of main.cf, which win; *services*: more lines of master.cf, also in place of ours.
    """

    def __init__(
        self,
        directory: Path,
        *,
        next_hop: str,
        smtpd_milters: str = "",
        non_smtpd_milters: str = "",
        tls: Tls | None = None,
        login: Path | None = None,
        parameters: Mapping[str, str] | None = None,
        services: str = "",
        reinjection_port: int = 0,
        resolver: str = "",
    ) -> None:
        if not directory.is_absolute():
            # Postfix gives up on a relative one after a second, without a word.
            raise ValueError(f"not an absolute path: {directory}")
        self.directory = directory
        self.configuration = directory / "conf"
        self.log_file = directory / "log" / "mail.log"
        self.port = free_port()
        self.reinjection_port = reinjection_port or free_port()
        self._main = main(directory, next_hop) | {
            "smtpd_milters": smtpd_milters,
            "non_smtpd_milters": non_smtpd_milters,
        }
        if tls:
            self._main |= {
                "smtpd_tls_security_level": "may",
                "smtpd_tls_cert_file": str(tls.certificate),
                "smtpd_tls_key_file": str(tls.key),
                "smtpd_tls_received_header": "yes",
            }
        if login:
            self._main |= {
                "smtpd_sasl_auth_enable": "yes",
                "smtpd_sasl_type": "dovecot",
                "smtpd_sasl_path": str(login),
            }
        self._resolver = resolver
        if resolver:
            self._main |= {"disable_dns_lookups": "no", "smtp_host_lookup": "dns"}
        self._main |= parameters or {}
        self._master = without(MASTER, services).format(**vars(self)) + services

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def configure(self, parameters: Mapping[str, str] | None = None, *, services: str = "") -> None:
        """Write the configuration, with *parameters* of main.cf changed and *services* added to master.cf.

        A running Postfix needs `reload`.
        """
        self._main |= parameters or {}
        self._master += services
        for folder in (self.configuration, self.directory / "spool", self.log_file.parent):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
        data = self.directory / "data"
        data.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(data, user="postfix")
        main = "".join(f"{name} = {value}\n" for name, value in self._main.items())
        for name, text in ("main.cf", main), ("master.cf", self._master):
            file = self.configuration / name
            file.write_text(text)
            # Postfix waits until a file that changed a moment ago is surely finished: two seconds a start.
            os.utime(file, (time.time() - 60,) * 2)

    def start(self) -> None:
        """Start, and return when both listeners are open.  Raises NotStarted.

        master opens them before it tells that it has started, so nobody need knock: a knock would
        be a connection that the milters see.
        """
        self.configure()
        started = self.command("postfix", "start", check=False, wrapped=self._with_resolver())
        if started.returncode:
            raise NotStarted(f"{started.stderr}{self.log()}".strip())

    def stop(self) -> None:
        """Stop now, whatever is under way; harmless if it does not run."""
        master = self.master_pid
        if master is None:
            return
        self.command("postfix", "stop", check=False)
        deadline = time.monotonic() + LIMIT
        while _is_master(master) and time.monotonic() < deadline:
            time.sleep(0.01)
        if _is_master(master):
            os.kill(master, signal.SIGKILL)

    def reload(self) -> None:
        """Make the running Postfix read its configuration again."""
        self.command("postfix", "reload")

    @property
    def master_pid(self) -> int | None:
        """The process id of the running master, or None."""
        try:
            master = int((self.directory / "spool/pid/master.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return master if _is_master(master) else None

    def log(self) -> str:
        """What Postfix has logged so far."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def queue(self) -> tuple[Queued, ...]:
        """The messages that Postfix holds now."""
        lines = self.command("postqueue", "-j").stdout.splitlines()
        return tuple(_queued(json.loads(line)) for line in lines)

    def await_queue(self, count: int, *, seconds: float = LIMIT) -> tuple[Queued, ...]:
        """The queue as soon as it holds *count* messages, none of them under way.  Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            queue = self.queue()
            if len(queue) == count and {entry.queue for entry in queue} <= {"deferred", "hold"}:
                return queue
            if time.monotonic() > deadline:
                raise TimeoutError(f"not {count} messages at rest in the queue: {queue}\n{self.log()}")
            time.sleep(0.05)

    def flush(self) -> None:
        """Try to deliver everything that is deferred, now."""
        self.command("postqueue", "-f")

    def sendmail(self, message: bytes, sender: str, *recipients: str) -> None:
        """Hand *message* over as a local program does (the way of non_smtpd_milters)."""
        arguments = ["sendmail", "-C", str(self.configuration), "-i", "-f", sender, *recipients]
        subprocess.run(arguments, input=message, env=self._environment, check=True, timeout=LIMIT)

    def command(
        self, program: str, *arguments: str, check: bool = True, wrapped: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run one of Postfix's programs on this configuration.  Raises CalledProcessError if *check*.

        *wrapped*: a command to run it by.
        """
        return subprocess.run(
            [*wrapped, program, "-c", str(self.configuration), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            errors="replace",
            check=check,
            timeout=LIMIT,
        )

    def _with_resolver(self) -> tuple[str, ...]:
        """A command to start by, so that all processes ask our resolver; nobody else is affected."""
        if not self._resolver:
            return ()
        asked = self.directory / "resolv.conf"
        asked.write_text(f"nameserver {self._resolver}\noptions trust-ad\n")
        asked.chmod(0o644)
        script = f'mount --bind {asked} /etc/resolv.conf && exec "$@"'
        return "unshare", "--mount", "sh", "-c", script, "sh"

    @property
    def _environment(self) -> dict[str, str]:
        # A user's PATH often lacks the directories of Postfix's programs.
        path = f"/usr/sbin:/sbin:{os.environ.get('PATH', '/usr/bin:/bin')}"
        return {"PATH": path, "LC_ALL": "C.UTF-8", "MAIL_CONFIG": str(self.configuration)}


def _is_master(process: int) -> bool:
    """Whether *process* runs and is a master: its number may be another's by now, or a zombie's."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return re.match(r"\d+ \(master\) [^ZX]", status) is not None


def _queued(entry: dict[str, object]) -> Queued:
    recipients = entry["recipients"]
    assert isinstance(recipients, list)
    reasons = {recipient["address"]: recipient.get("delay_reason", "") for recipient in recipients}
    return Queued(str(entry["queue_id"]), str(entry["queue_name"]), str(entry["sender"]), reasons)
