"""Connectors to partners through Postfix, which asks our socketmap server for each delivery."""

import os
import signal
from collections.abc import Iterator

import pytest

import signed_zone
import tls_wired
from processes import eventually
from tls_wired import Wired, reloaded

SERVERS = ("plain", "selfsigned", "right", "danevalid", "daneinvalid")
DELIVERED = {
    "none": set(SERVERS),
    "encrypt": {"selfsigned", "right", "danevalid", "daneinvalid"},
    "verify": {"right"},
    "secure": {"right"},
    "dane": {"plain", "selfsigned", "right", "danevalid"},
    "dane-only": {"danevalid"},
    "fingerprint": {"right"},
    "names": {"right"},
}
WRITTEN = {"fingerprint": "{fingerprint: ['SHA256']}", "names": "{secure: [mx.right.test]}"}
DOMAINS = "[" + ", ".join(f"{kind}.test" for kind in SERVERS) + "]"
POLICY = """
rules:
  - {name: by TLS, when: {subject_words: level encrypt it is}, then: [require_tls: encrypt]}
"""


def connectors(level: str) -> str:
    if level == "none":
        return "{}"
    return f"outbound: [{{name: all, domains: {DOMAINS}, tls: {WRITTEN.get(level, level)}}}]"


ROUTES = "$postseal_connectors:routes"


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    # As most servers have it: what no connector asks for is taken as it is offered.
    with tls_wired.wired(POLICY, parameters={"smtp_tls_security_level": "may"}) as running:
        yield running


def connected(wired: Wired, text: str) -> None:
    """Put connectors into force, before a Postfix that has nothing in mind of what was before.

    After another test's mail was refused, its queue manager would not try that server for a while.
    """
    wired.gateway.postfix.command("postsuper", "-d", "ALL")
    wired.gateway.postfix.reload()
    daemon = wired.gateway.daemon
    (daemon.policies / "connectors/partners.yaml").write_text(text.replace("SHA256", wired.lab.fingerprint))
    reload = reloaded(daemon)
    assert reload.good, reload.problems


@pytest.mark.parametrize("level", DELIVERED)
def test_connector_decides_to_which_servers_mail_goes(wired: Wired, level: str) -> None:
    connected(wired, connectors(level))

    wired.send("none", f"marker-{level}.", *(f"bob@{kind}.test" for kind in SERVERS))

    assert set(wired.arrived(f"marker-{level}.")) == DELIVERED[level], wired.gateway.postfix.log()


def test_connector_for_all_below_a_domain_is_found(wired: Wired) -> None:
    below = "{name: below, domains: ['*.test'], tls: verify}"
    trial = "{name: on trial, domains: plain.test, tls: encrypt, mode: test}"
    connected(wired, f"outbound: [{below}, {trial}]")

    wired.send("none", "marker-below.", "bob@selfsigned.test", "bob@right.test", "bob@plain.test")

    # A connector on trial takes nothing away of what others ask for.
    assert set(wired.arrived("marker-below.")) == {"right"}


@pytest.mark.parametrize(
    ("connector", "delivered"), [("verify", {"right"}), ("dane", {"selfsigned", "right"})]
)
def test_of_message_and_connector_the_stricter_holds(
    wired: Wired, connector: str, delivered: set[str]
) -> None:
    connected(wired, connectors(connector))

    wired.send("encrypt", f"both-{connector}.", "bob@selfsigned.test", "bob@plain.test", "bob@right.test")

    assert set(wired.arrived(f"both-{connector}.")) == delivered


@pytest.mark.parametrize("level", ["none", "encrypt"])
def test_smart_host_takes_the_mail_of_its_domain(wired: Wired, level: str) -> None:
    host = f"{wired.lab.addresses['selfsigned']}:25"
    connected(wired, f"outbound: [{{name: far, domains: old.test, tls: encrypt, smart_host: '{host}'}}]")

    # To a domain that no other test writes to: Postfix remembers a route for some seconds.
    wired.send(level, f"marker-smart-{level}.", "bob@old.test")

    arrived = wired.arrived(f"marker-smart-{level}.")
    assert set(arrived) == {"selfsigned"}, wired.gateway.postfix.log()
    assert arrived["selfsigned"].tls


@pytest.fixture
def without_milter(wired: Wired) -> Iterator[None]:
    """A Postfix that takes mail by itself, as that which is in its queue."""
    postfix = wired.gateway.postfix
    postfix.configure({"smtpd_milters": ""})
    postfix.reload()
    yield
    postfix.configure({"smtpd_milters": "$postseal_milter", "transport_maps": ROUTES})
    postfix.reload()


@pytest.mark.usefixtures("without_milter")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_mail_goes_on_without_the_daemon_and_what_needs_tls_waits(wired: Wired, number: int) -> None:
    connected(wired, "outbound: [{name: some, domains: [plain.test, right.test], tls: encrypt}]")
    text = f"marker-{number}."

    wired.gateway.daemon.stop(number)
    try:
        wired.send("none", text, "bob@right.test", "bob@plain.test", "bob@stripped.test")
        arrived = wired.arrived(text)
    finally:
        wired.gateway.daemon.start()

    assert set(arrived) == {"right", "stripped"}, wired.gateway.postfix.log()
    assert arrived["right"].tls
    assert any("bob@plain.test" in each.reasons for each in wired.queue())


@pytest.mark.usefixtures("without_milter")
def test_server_that_is_down_lets_nothing_go_and_loses_nothing(wired: Wired) -> None:
    connected(wired, connectors("encrypt"))
    # Asked for smart hosts, smtpd would not even take mail.
    wired.gateway.postfix.configure({"transport_maps": ""})
    wired.gateway.postfix.reload()
    wired.connectors.stop(signal.SIGKILL)
    try:
        wired.send("none", "marker-down.", "bob@right.test", "bob@plain.test")
        while_down = wired.arrived("marker-down.")
    finally:
        wired.connectors.start()
    wired.gateway.postfix.flush()

    assert while_down == {}
    assert eventually(lambda: set(wired.arrived("marker-down.")) == {"right"})
