"""MTA-STS behind our connectors: Postfix asks the real postfix-mta-sts-resolver."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

import signed_zone
import tls_wired
from demo.place import LOOPBACK, free_port, open_directory
from processes import eventually
from tls_wired import Wired, reloaded

KINDS = ("plain", "stripped", "selfsigned", "expired", "wrongname", "right", "danevalid")
RULES = "rules: [{name: tls, when: {subject_words: level encrypt it is}, then: [require_tls: encrypt]}]"
GOES_FREELY = {"plain", "selfsigned", "expired", "right"}
"""Their policies are met, or on trial, or withdrawn, or nobody vouches for the host that has them."""


class Sts:
    """The resolver of MTA-STS at *port*; it asks *resolver*, and trusts *authorities*."""

    def __init__(self, place: Path, *, port: int, resolver: str, authorities: Path) -> None:
        self.port, self._authorities = port, authorities
        self._process: subprocess.Popen[bytes] | None = None
        self._asked, self._configuration = place / "resolv.conf", place / "sts.yml"
        self._asked.write_text(f"nameserver {resolver}\n")
        self._configuration.write_text(f"{{host: {LOOPBACK}, port: {port}, shutdown_timeout: 1}}\n")

    def start(self) -> None:
        script = f'mount --bind {self._asked} /etc/resolv.conf && exec "$@"'
        program = Path(sys.executable).with_name("mta-sts-daemon")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", program, "-c", self._configuration],
            env={"PATH": "/usr/bin:/bin", "SSL_CERT_FILE": str(self._authorities)},
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers)

    def stop(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(60)
            self._process = None

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=5):
            return True
        return False


@contextmanager
def resolving() -> Iterator[tuple[Wired, Sts]]:
    port = free_port()
    # As most servers have it: what no policy asks for is taken as it is offered.
    parameters = {
        "smtp_tls_security_level": "may",
        "postseal_sts": f"socketmap:inet:{LOOPBACK}:{port}:postfix",
    }
    with ExitStack() as running:
        place = running.enter_context(open_directory())
        wired = running.enter_context(tls_wired.wired(RULES, parameters=parameters))
        sts = Sts(place, port=port, resolver=wired.lab.resolver, authorities=wired.lab.authorities)
        sts.start()
        running.callback(sts.stop)
        yield wired, sts


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Wired, Sts]]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with resolving() as found:
        yield found


def connected(wired: Wired, text: str) -> None:
    (wired.gateway.daemon.policies / "connectors/partners.yaml").write_text(text)
    reload = reloaded(wired.gateway.daemon)
    assert reload.good, reload.problems


def test_policy_that_is_enforced_decides_where_there_is_no_connector(both: tuple[Wired, Sts]) -> None:
    wired, _ = both
    connected(wired, "{}")

    wired.send("none", "marker-policy.", *(f"bob@{kind}.test" for kind in KINDS))
    arrived = wired.arrived("marker-policy.")

    assert set(arrived) == GOES_FREELY, wired.gateway.postfix.log()
    assert arrived["right"].tls
    assert "Verified TLS connection established to mx.right.test" in wired.gateway.postfix.log()


def test_rule_that_requires_tls_does_not_stand_in_place_of_a_policy(both: tuple[Wired, Sts]) -> None:
    wired, _ = both
    connected(wired, "outbound: [{name: one, domains: danevalid.test, tls: encrypt}]")

    wired.send("encrypt", "marker-rule.", *(f"bob@{kind}.test" for kind in KINDS))

    # Whoever has a connector has that in place of the policy, and here the policy is not met.
    expected = GOES_FREELY - {"plain"} | {"danevalid"}
    assert set(wired.arrived("marker-rule.")) == expected, wired.gateway.postfix.log()


@pytest.mark.parametrize("domains", ["wrongname.test", "'*.test'"], ids=["domain", "above"])
def test_domain_with_a_connector_is_not_looked_at(both: tuple[Wired, Sts], domains: str) -> None:
    wired, _ = both
    connected(wired, f"outbound: [{{name: all, domains: {domains}, tls: encrypt}}]")

    wired.send("none", f"marker-{len(domains)}.", "bob@wrongname.test", "bob@stripped.test")

    assert set(wired.arrived(f"marker-{len(domains)}.")) == {"wrongname"}, wired.gateway.postfix.log()


def test_connector_may_leave_the_policy_the_first_word(both: tuple[Wired, Sts]) -> None:
    wired, _ = both
    connected(wired, "outbound: [{name: all, domains: '*.test', tls: encrypt, mta_sts: opportunistic}]")

    wired.send("none", "marker-first.", *(f"bob@{kind}.test" for kind in KINDS))
    arrived = wired.arrived("marker-first.")

    # Where the domain enforces nothing, what the connector asks for: no TLS, no mail.
    assert set(arrived) == GOES_FREELY - {"plain"}, wired.gateway.postfix.log()


def test_resolver_that_is_down_lets_nothing_go_and_loses_nothing(both: tuple[Wired, Sts]) -> None:
    wired, sts = both
    connected(wired, "outbound: [{name: one, domains: selfsigned.test, tls: encrypt}]")
    sts.stop()

    wired.send("none", "marker-down.", "bob@right.test", "bob@plain.test", "bob@selfsigned.test")
    while_down = wired.arrived("marker-down.")
    sts.start()
    wired.gateway.postfix.flush()

    # Who has a connector does not depend on it.
    assert set(while_down) == {"selfsigned"}, wired.gateway.postfix.log()
    assert eventually(lambda: len(wired.arrived("marker-down.")) == 3)


def test_connectors_behind_the_policy_that_nobody_asks_for_are_told(both: tuple[Wired, Sts]) -> None:
    wired, _ = both
    postfix, daemon = wired.gateway.postfix, wired.gateway.daemon
    connected(wired, "{}")
    partners = daemon.policies / "connectors/partners.yaml"
    partners.write_text("outbound: [{name: one, domains: a.test, tls: encrypt, mta_sts: opportunistic}]")

    postfix.configure({"smtp_tls_policy_maps": "$postseal_connectors:connectors $postseal_sts"})
    reload = reloaded(daemon)
    postfix.configure({"smtp_tls_policy_maps": wired.fragments.parameters["smtp_tls_policy_maps"]})

    assert not reload.good
    assert "smtp_tls_policy_maps leads nowhere that knows 'one'" in reload.problems[0]
    assert reloaded(daemon).good
