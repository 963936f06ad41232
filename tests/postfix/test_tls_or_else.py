"""`protect: [tls, smime]`: verified TLS where it is known to be offered, else another method."""

import os
import smtplib
from collections.abc import Iterator

import pytest

import signed_zone
import tls_wired
from demo.gateway import BOB
from processes import eventually
from tls_wired import Wired

POLICY = "rules: [{name: by TLS or else, when: {recipient_scope: outside}, then: [protect: [tls, smime]]}]"


@pytest.fixture(scope="module")
def wired() -> Iterator[Wired]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with tls_wired.wired(POLICY) as running:
        yield running


def taken(wired: Wired, text: str, recipient: str) -> bool:
    try:
        wired.send("none", text, recipient)
    except smtplib.SMTPDataError as error:
        return error.smtp_code != 451  # it may be reached another time
    return True


def looked_at(wired: Wired, domain: str) -> str:
    """What was found out about *domain*, as the log says."""
    lines = (line for line in wired.gateway.daemon.log().splitlines() if "event=tls_offer " in line)
    return next(
        (line.rpartition("verified=")[2].split()[0] for line in lines if f"domain={domain}" in line), ""
    )


def test_verified_tls_is_used_as_soon_as_it_is_known(wired: Wired) -> None:
    first = taken(wired, "marker-first.", "bob@right.test")

    # The process that looks may not have been there yet; whoever tries again asks again.
    assert eventually(lambda: taken(wired, "marker-then.", "bob@right.test"), seconds=180)
    assert not first
    assert looked_at(wired, "right.test") == "true"
    assert wired.arrived("marker-then.")["right"].tls
    assert "copies=tls:1" in wired.gateway.daemon.log()
    assert "tls=verify:1" in wired.gateway.daemon.log()


@pytest.mark.parametrize("kind", ["plain", "selfsigned", "expired", "wrongname"])
def test_other_tls_is_none(wired: Wired, kind: str) -> None:
    def known() -> str:
        assert not taken(wired, f"marker-{kind}.", f"bob@{kind}.test")
        return looked_at(wired, f"{kind}.test")

    assert eventually(known) == "false"
    assert not taken(wired, f"marker-{kind}.", f"bob@{kind}.test")
    assert wired.arrived(f"marker-{kind}.") == {}


def test_without_tls_the_next_method_is_taken(wired: Wired) -> None:
    assert taken(wired, "marker-smime.", BOB)

    assert "copies=smime:1" in wired.gateway.daemon.log()


def test_what_is_known_wrongly_makes_mail_wait(wired: Wired) -> None:
    eventually(lambda: taken(wired, "marker-known.", "bob@right.test"))
    sink = wired.lab.sinks["right"]
    sink.tls, kept = None, sink.tls
    try:
        assert taken(wired, "marker-wrong.", "bob@right.test")
        assert "right" not in wired.arrived("marker-wrong.")
    finally:
        sink.tls = kept
