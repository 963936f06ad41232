"""What senders say themselves about TLS (RFC 8689), through the Postfix that is there: versions differ.

`make tls-newer` runs this with those of other suites of Debian.
"""

import os
import re
import smtplib
import ssl
import subprocess
from collections.abc import Iterator

import pytest

import signed_zone
import tls_wired
from demo.gateway import ANN
from demo.pki import key_pem, pem
from demo.place import LOOPBACK, open_directory
from processes import eventually
from tls_lab import certificate
from tls_wired import Wired, reloaded

CONNECTORS = "outbound: [{name: partner, domains: [plain.test, right.test], tls: encrypt}]"
RULES = "rules: [{name: tls, when: {subject_words: needed}, then: [require_tls: verify]}]"


def version() -> tuple[int, ...]:
    """Of the Postfix that is there."""
    command = ["postconf", "-d", "-h", "mail_version"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return tuple(map(int, re.findall(r"\d+", found.stdout)[:2]))


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with open_directory() as place:
        own, key = certificate("mx.lab.test")
        (place / "own.pem").write_bytes(key_pem(key) + pem(own))
        parameters = {
            "smtp_tls_security_level": "may",
            "smtpd_tls_security_level": "may",
            "smtpd_tls_chain_files": str(place / "own.pem"),
        }
        with tls_wired.wired(RULES, connectors=CONNECTORS, parameters=parameters) as running:
            yield running


@pytest.fixture(params=["yes", "no"])
def switch(wired: Wired, request: pytest.FixtureRequest) -> Iterator[str]:
    """tls_required_enable, which Postfix has since 3.10."""
    postfix = wired.gateway.postfix
    postfix.configure({"tls_required_enable": request.param})
    postfix.reload()
    yield request.param
    postfix.configure({"tls_required_enable": "no"})
    postfix.reload()


def send(wired: Wired, text: str, recipient: str, subject: str = "hi") -> None:
    message = f"Subject: {subject}\r\nTLS-Required: No\r\n\r\n{text}\r\n"
    with smtplib.SMTP(LOOPBACK, wired.fragments.smtp_port, timeout=60) as client:
        client.sendmail(ANN, [recipient], message)


def test_wish_to_go_without_switches_connectors_off_from_3_10_unless_it_is_told_not_to(
    wired: Wired, switch: str
) -> None:
    text = f"marker-wish-{switch}."

    send(wired, text, "bob@plain.test")

    heeded = switch == "yes" and version() >= (3, 10)
    assert set(wired.arrived(text)) == ({"plain"} if heeded else set()), wired.gateway.postfix.log()
    wired.gateway.postfix.command("postsuper", "-d", "ALL")


def test_rules_are_refused_where_senders_may_switch_tls_off(wired: Wired, switch: str) -> None:
    refused = switch == "yes" and version() >= (3, 10)

    reload = reloaded(wired.gateway.daemon)

    assert reload.good is not refused
    assert ("'TLS-Required: no' would switch TLS off" in "".join(reload.problems)) is refused


def test_wish_to_go_without_is_taken_off_where_a_rule_requires_tls(wired: Wired) -> None:
    send(wired, "marker-rule.", "bob@right.test", "needed")

    (arrived,) = wired.arrived("marker-rule.").values()

    assert arrived.tls
    assert b"tls-required" not in arrived.content.lower()


@pytest.mark.parametrize("known", [True, False])
def test_requiretls_is_there_from_3_11_and_comes_back_where_a_server_does_not_know_it(
    wired: Wired, known: bool
) -> None:
    sink = wired.lab.sinks["right"]
    sink.extensions = ("REQUIRETLS",) if known else ()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # The connector asks for a certificate that counts (RFC 8689 §4.2.1).
    partners = wired.gateway.daemon.policies / "connectors/partners.yaml"
    partners.write_text(CONNECTORS.replace("encrypt", "verify"))
    assert reloaded(wired.gateway.daemon).good
    text = f"marker-requiretls-{known}"
    try:
        with smtplib.SMTP(LOOPBACK, wired.fragments.smtp_port, timeout=60) as client:
            client.ehlo()
            before = client.has_extn("REQUIRETLS")
            client.starttls(context=context)
            client.ehlo()
            announced = client.has_extn("REQUIRETLS")
            if announced:
                message = f"Subject: {text}\r\n\r\nx\r\n"
                client.sendmail("ann@selfsigned.test", ["bob@right.test"], message, ["REQUIRETLS"])
                bounced = wired.lab.sinks["selfsigned"].deliveries
                eventually(lambda: wired.arrived(text) or [d for d in bounced if text.encode() in d.content])
    finally:
        sink.extensions = ()

    assert not before
    assert announced is (version() >= (3, 11))
    if announced and known:
        assert "REQUIRETLS" in wired.arrived(text)["right"].parameters
    elif announced:
        assert "right" not in wired.arrived(text)
