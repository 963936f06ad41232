"""Mail that a rule sends by a connector, through real Postfix: to its smart host, or nowhere."""

import os
from collections.abc import Iterator

import pytest

import signed_zone
import tls_wired
from tls_wired import Wired

POLICY = """
rules:
  - name: by the gateway
    when: {subject_words: level gateway it is, recipient: bob@old.test}
    then: [route: gateway]
  - {name: by one in clear, when: {subject_words: level clear it is}, then: [route: clear]}
  - {name: by a named one, when: {subject_words: level named it is}, then: [route: named]}
"""
CONNECTORS = """
outbound:
  - {name: gateway, tls: encrypt, smart_host: mx.selfsigned.test}
  - {name: clear, tls: encrypt, smart_host: mx.plain.test}
  - {name: named, tls: {secure: [mx.right.test]}, smart_host: mx.right.test}
"""


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with tls_wired.wired(
        POLICY, connectors=CONNECTORS, parameters={"smtp_tls_security_level": "may"}
    ) as running:
        yield running


def test_rule_sends_its_recipient_by_the_smart_host_and_others_as_ever(wired: Wired) -> None:
    wired.send("gateway", "marker-gateway.", "bob@old.test", "bob@right.test", "bob@plain.test")

    arrived = wired.arrived("marker-gateway.")
    assert {kind: each.addresses for kind, each in arrived.items()} == {
        "selfsigned": ("bob@old.test",),
        "right": ("bob@right.test",),
        "plain": ("bob@plain.test",),
    }, wired.gateway.postfix.log()
    assert arrived["selfsigned"].tls
    assert b"X-Postseal" not in b"".join(each.content for each in arrived.values())


def test_smart_host_without_tls_gets_nothing(wired: Wired) -> None:
    wired.send("clear", "marker-clear.", "bob@right.test")

    assert wired.arrived("marker-clear.") == {}
    wired.gateway.postfix.command("postsuper", "-d", "ALL")


def test_without_its_transport_the_mail_waits(wired: Wired) -> None:
    wired.send("named", "marker-named.", "bob@plain.test")
    assert set(wired.arrived("marker-named.")) == {"right"}, wired.gateway.postfix.log()

    master = wired.gateway.postfix.configuration / "master.cf"
    text = master.read_text()
    master.write_text(text.replace("postseal-tls-secure-", "postseal-tls-gone-"))
    wired.gateway.postfix.reload()
    wired.send("named", "marker-gone.", "bob@plain.test")

    assert wired.arrived("marker-gone.") == {}
    master.write_text(text)
    wired.gateway.postfix.reload()
    wired.gateway.postfix.command("postsuper", "-d", "ALL")
