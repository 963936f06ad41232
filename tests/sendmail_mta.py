"""A private Sendmail with the fragment of contrib/sendmail: its own configuration, queue and loopback ports.

It relays everything to one next hop.  It sees no name service: its host is in a hosts file of its own.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self

from demo.place import LOOPBACK, free_port

ROOT = Path(__file__).parents[1]
FRAGMENT = ROOT / "contrib" / "sendmail" / "postseal.mc"
TLS_FRAGMENT = FRAGMENT.with_name("postseal-tls.mc")
LIMIT = 60.0
NONE: Mapping[str, str] = MappingProxyType({})

# On a busy machine it would take mail later, or none (QueueLA, RefuseLA).
_MC = """divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.lab.test')dnl
define(`QUEUE_DIR', `{place}/queue')dnl
define(`confPID_FILE', `{place}/pid')dnl
define(`STATUS_FILE', `{place}/statistics')dnl
define(`confSERVICE_SWITCH_FILE', `{place}/service.switch')dnl
define(`confHOSTS_FILE', `{place}/hosts')dnl
define(`ALIAS_FILE', `{place}/aliases')dnl
define(`confCACERT', `{place}/authorities.pem')dnl
define(`confCACERT_PATH', `{place}')dnl
FEATURE(`mailertable', `text -T<TMPF> -k0 -v1 {place}/mailertable')dnl
define(`confTO_IDENT', `0')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confREFUSE_LA', `10000')dnl
define(`SMART_HOST', `relay:[127.0.0.1]')dnl
define(`RELAY_MAILER_ARGS', `TCP $h {next_hop}')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`accept_unqualified_senders')dnl
FEATURE(`promiscuous_relay')dnl
FEATURE(`access_db', `text -T<TMPF> -k0 -v1 {place}/access')dnl
FEATURE(`no_default_msa')dnl
{fragment}
MAILER(`local')dnl
MAILER(`smtp')dnl
{tls}
"""
# /etc belongs to the machine; in a mount namespace of its own it looks otherwise.
_RUN = """
mount --bind {place}/hosts /etc/hosts
mount --bind {place}/resolv.conf /etc/resolv.conf
mount --bind {place}/nsswitch.conf /etc/nsswitch.conf
hostname=$(uname -n)
exec {programs}/usr/libexec/sendmail/sendmail -C {place}/sendmail.cf -bD -q1s
"""


def programs() -> Path | None:
    """Where Sendmail is, if it could be had."""
    if os.geteuid() or shutil.which("m4") is None:
        return None
    done = subprocess.run([ROOT / "contrib/sendmail-programs"], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip()) if done.returncode == 0 else None


class Sendmail:
    """*socket*: the milter's.  *port* has it, *copies_port* has not.  *next_hop*: a port on loopback.

    *access*: lines of its access map.  *servers*: domain → address of the server to which its mail goes in
    place of the next hop, by the name `mx.` and the domain.  *authorities*: a file of those that are trusted.
    *with_rules*: whether it has the rules for TLS that Postseal requires.
    """

    def __init__(
        self,
        programs: Path,
        *,
        socket: Path,
        copies_port: int,
        next_hop: int,
        access: str = "",
        servers: Mapping[str, str] = NONE,
        authorities: Path | None = None,
        with_rules: bool = True,
    ) -> None:
        self._programs = programs
        self._servers, self._authorities, self._with_rules = servers, authorities, with_rules
        self._socket = socket
        self._next_hop = next_hop
        self._access = access
        self.port, self.copies_port = free_port(), copies_port
        # Sendmail wants nothing above that everybody may write to.
        self.place = Path(tempfile.mkdtemp(prefix="postseal-sendmail-", dir="/run"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        place = self.place
        (place / "queue").mkdir(mode=0o700)
        (place / "statistics").touch()
        (place / "access").write_text(self._access)
        hosts = "".join(f"{address} mx.{domain}\n" for domain, address in self._servers.items())
        (place / "hosts").write_text(f"127.0.0.1 mx.lab.test localhost {os.uname().nodename}\n{hosts}")
        routes = "".join(f"{domain} relay:[mx.{domain}]\n" for domain in self._servers)
        (place / "mailertable").write_text(routes)
        (place / "aliases").write_text("list: bob@plain.test, bob@right.test\nowner-list: ann@lab.test\n")
        (place / "authorities.pem").write_bytes(self._authorities.read_bytes() if self._authorities else b"")
        (place / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (place / "nsswitch.conf").write_text("hosts: files\npasswd: files\ngroup: files\n")
        (place / "service.switch").write_text("hosts files\naliases files\n")
        fragment = FRAGMENT.read_text()
        for theirs, ours in (
            ("unix:/run/postseal/milter.sock", f"unix:{self._socket}"),
            ("Port=smtp,", f"Port={self.port}, Addr={LOOPBACK},"),
            ("Port=10027", f"Port={self.copies_port}"),
        ):
            assert theirs in fragment
            fragment = fragment.replace(theirs, ours)
        mc = place / "sendmail.mc"
        tls = TLS_FRAGMENT.read_text() if self._with_rules else ""
        mc.write_text(_MC.format(place=place, next_hop=self._next_hop, fragment=fragment, tls=tls))
        macros = self._programs / "usr/share/sendmail/cf"
        command = ["m4", f"-D_CF_DIR_={macros}/", str(macros / "m4/cf.m4"), str(mc)]
        (place / "sendmail.cf").write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
        self.start()
        return self

    def start(self) -> None:
        """Start, and return when it listens."""
        place = self.place
        libraries = self._programs / "lib/x86_64-linux-gnu"
        script = _RUN.format(place=place, programs=self._programs)
        with (place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "-m", "sh", "-ec", script],
                stdout=log,
                stderr=log,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": str(libraries)},
                start_new_session=True,
            )
        self._wait()

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def stop(self) -> None:
        """Stop; what waits stays in its queue."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
            (self.place / "pid").unlink(missing_ok=True)

    def log(self) -> str:
        """What it said."""
        return (self.place / "log").read_text(errors="replace")

    def queued(self) -> list[Path]:
        """The control files of what waits."""
        return sorted([*self.place.glob("queue/qf*"), *self.place.glob("queue/hf*")])

    def _wait(self) -> None:
        assert self._process
        deadline = time.monotonic() + LIMIT
        while not (self.place / "pid").exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Sendmail did not start: {self.log()}")
            time.sleep(0.02)
