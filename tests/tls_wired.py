"""A gateway wired by the fragments of contrib/postfix, among mail servers of every kind of TLS."""

import re
import smtplib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest

from demo.daemon import Daemon
from demo.gateway import ANN, SETTINGS, Gateway, gateway
from demo.place import LOOPBACK, open_directory
from demo.postfix import Queued
from demo.service import Service
from demo.sink_session import Delivery
from fragments import Fragments
from postseal.daemon.state import Reload
from processes import eventually, known
from tls_lab import Lab, lab

NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Wired:
    """A gateway with the fragments, and servers of all kinds."""

    gateway: Gateway
    lab: Lab
    fragments: Fragments
    connectors: "Connectors"

    def send(self, level: str, text: str, *recipients: str, sender: str = ANN) -> None:
        message = f"From: {sender}\r\nSubject: level {level} it is\r\n\r\n{text}\r\n"
        with smtplib.SMTP(LOOPBACK, self.fragments.smtp_port, timeout=60) as client:
            client.sendmail(sender, recipients, message)

    def arrived(self, text: str, *, tried: int = 0) -> dict[str, Delivery]:
        """By kind, what came with *text*, when all mail is delivered or waits.

        *tried*: how often Postfix must have tried to deliver at least.
        """
        deadline = time.monotonic() + 120
        while any(each.queue != "deferred" or not all(each.reasons.values()) for each in self.queue()):
            assert time.monotonic() < deadline, self.gateway.postfix.log()
            time.sleep(0.1)
        return {
            kind: each
            for kind, sink in self.lab.sinks.items()
            for each in sink.deliveries
            if text.encode() in each.content
        }

    def queue(self) -> tuple[Queued, ...]:
        return self.gateway.postfix.queue()


class Connectors(Service):
    """`postseal connectors`, which Postfix asks, for the settings file of a daemon."""

    def __init__(self, directory: Path, settings_file: Path) -> None:
        super().__init__(directory, directory / "connectors.log")
        self._settings_file = settings_file
        directory.mkdir()

    @property
    def program(self) -> Sequence[str | Path]:
        return "-m", "postseal", "connectors", "--settings", self._settings_file


@contextmanager
def wired(
    policy: str, *, connectors: str = "{}", settings: str = SETTINGS, parameters: Mapping[str, str] = NOTHING
) -> Iterator[Wired]:
    """All of it, with *policy* and *connectors* in force, and more *parameters* of main.cf.

    In these, `SHA256` stands for the certificate of the server `right`.
    """
    with ExitStack() as running:
        place = running.enter_context(open_directory())
        servers = running.enter_context(lab(place))
        fragments = Fragments()
        asked = f"unix:{place}/tls.sock"
        # The daemon trusts the same authorities as Postfix.
        running.enter_context(pytest.MonkeyPatch.context()).setenv("SSL_CERT_FILE", str(servers.authorities))
        main = fragments.parameters | {
            "postseal_milter": "",
            "smtp_tls_CAfile": str(servers.authorities),
            "smtp_dns_support_level": "dnssec",
            "postseal_connectors": f"socketmap:{asked}",
            "transport_maps": "$postseal_connectors:routes",
            # From 3.10 on a sender could switch TLS off; before, the parameter means nothing.
            "tls_required_enable": "no",
            # What waits is tried more and more rarely, so that the queue comes to rest on a slow machine too.
            "maximal_backoff_time": "300s",
        }
        gate = running.enter_context(
            gateway(
                {"tls.yaml": "rules: []"},
                copies_port=fragments.reinjection_port,
                settings=f"{settings}tls: {{enforced: true, postfix: 'none', connectors: '{asked}',"
                f" resolver: {servers.resolver}}}\n",
                parameters=main | dict(parameters),
                services=fragments.unjailed,
                next_hop="",
                resolver=servers.resolver,
            )
        )
        gate.postfix.configure({"postseal_milter": gate.daemon.milter})
        gate.postfix.reload()
        asked_by = Connectors(place / "connectors", gate.daemon.settings_file)
        wired = Wired(gate, servers, fragments, running.enter_context(asked_by))
        _require(wired, *(text.replace("SHA256", servers.fingerprint) for text in (policy, connectors)))
        yield wired


def _require(wired: Wired, policy: str, connectors: str) -> None:
    """Put *policy* and *connectors* into force, with the transports that they need."""
    gate = wired.gateway
    (gate.daemon.policies / "tls.yaml").write_text(policy)
    (gate.daemon.policies / "connectors").mkdir()
    (gate.daemon.policies / "connectors" / "partners.yaml").write_text(connectors)
    enforced(wired, str(gate.postfix.configuration))
    lines = gate.daemon.command("tls", "transports")
    assert lines.returncode == 0, lines.stderr
    named = re.findall(r"(?ms)^postseal-tls-(?:secure|fingerprint)-[0-9a-f]{12} .*?(?=^\n|\Z)", lines.stdout)
    gate.postfix.configure(services="".join(named))
    gate.postfix.reload()
    reload = reloaded(gate.daemon)
    assert reload.good, reload.problems


def reloaded(daemon: Daemon) -> Reload:
    """How a reload went, when no worker is left that may take a message with the policy before."""
    reload = daemon.reload().reload
    eventually(lambda: not known(daemon).draining)
    return reload


def enforced(wired: Wired, postfix: str) -> None:
    """Say in the settings that TLS is enforced, and which Postfix is asked."""
    file = wired.gateway.daemon.settings_file
    head, _, tail = file.read_text().partition("postfix: '")
    file.write_text(f"{head}postfix: '{postfix}'{tail.partition(chr(39))[2]}")
