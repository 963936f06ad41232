"""`postseal tls test` says of servers of every kind what becomes of mail (postfix/test_required_tls.py)."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import signed_zone
from demo.place import open_directory
from postseal.cli.main import main
from tls_lab import Lab, lab

DANE = {"danevalid", "daneauthority"}
WITH_TLS = {"selfsigned", "expired", "wrongname", "right", "daneinvalid", "danebogus", "danename"} | DANE
GOES = {"encrypt": WITH_TLS, "verify": {"right"}, "secure": {"right"}, "dane-only": DANE}
SAYS = {
    "plain": "it offers no STARTTLS",
    "stripped": "it offers no STARTTLS",
    "old": "encrypt: no, TLSv1.1 is too old",
    "selfsigned": "verify: no, self-signed certificate",
    "expired": "verify: no, certificate has expired",
    "wrongname": "verify: no, its certificate is for mx.other.example",
    "right": "secure: yes",
    "danevalid": "dane-only: yes",
    "daneinvalid": "dane-only: no, its record is about another certificate",
    "danebogus": "dane-only: no, its record is forged",
    "daneauthority": "dane-only: yes",
    "danename": "dane-only: no, its certificate is for mx.other.example",
}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_directory() as folder:
        (folder / "policies" / "connectors").mkdir(parents=True)
        (folder / "policies" / "10.yaml").write_text("rules: []")
        (folder / "postseal.yaml").write_text("policies: policies\ntls: {enforced: true, postfix: none}\n")
        yield folder


@pytest.fixture(scope="module")
def servers(place: Path) -> Iterator[Lab]:
    if os.geteuid() != 0 or not signed_zone.installed():
        pytest.skip("needs root and dnsmasq")
    with lab(place) as running:
        yield running


def asked(place: Path, servers: Lab, *words: str) -> Result:
    options = ["--resolver", servers.resolver, "--authorities", str(servers.authorities)]
    command = ["tls", "test", *words, *options, "--settings", str(place / "postseal.yaml")]
    return CliRunner().invoke(main, command)


@pytest.mark.parametrize("kind", SAYS)
def test_verdict_is_what_becomes_of_mail(place: Path, servers: Lab, kind: str) -> None:
    found = {level: asked(place, servers, f"{kind}.test", "--level", level) for level in GOES}

    assert {level for level, done in found.items() if done.exit_code == 0} == {
        level for level, kinds in GOES.items() if kind in kinds
    }
    assert {done.exit_code for done in found.values()} <= {0, 4}
    assert SAYS[kind] in found["encrypt"].output


def test_connector_of_the_domain_is_tried(place: Path, servers: Lab) -> None:
    connectors = place / "policies" / "connectors" / "a.yaml"
    address = servers.addresses["selfsigned"]
    connectors.write_text(
        "outbound:\n"
        "  - {name: partner, domains: right.test, tls: {secure: [mx.else.example]}, mode: test}\n"
        f"  - {{name: far, domains: far.test, tls: encrypt, smart_host: '{address}:25'}}\n"
    )
    try:
        partner, far = (asked(place, servers, domain) for domain in ("right.test", "far.test"))
    finally:
        connectors.unlink()

    assert partner.exit_code == 4
    verdict = "connector 'partner' asks for {secure: [mx.else.example]}: mail would go to 0 of 1 servers"
    assert verdict in partner.output
    assert far.exit_code == 0
    assert "connector 'far' asks for encrypt: mail would go to 1 of 1 servers" in far.output


STS = {
    "right": ("right.test", "MTA-STS: enforce, for mx.right.test; max_age 604800", "mta-sts: yes", 0),
    "certificate": ("wrongname.test", "enforce", "mta-sts: no, its certificate is for mx.other.example", 4),
    "no TLS": ("stripped.test", "enforce, for *.stripped.test", "mta-sts: no, it offers no STARTTLS", 4),
    "not named": ("danevalid.test", "enforce", "mta-sts: no, the policy does not name it", 4),
    "testing": ("selfsigned.test", "MTA-STS: testing", "mta-sts: no, self-signed certificate", 0),
    "none": ("plain.test", "MTA-STS: none; max_age 604800", "it offers no STARTTLS", 4),
    "no policy": ("expired.test", "of no use: mta-sts.expired.test: Hostname mismatch", "1 of 1", 0),
    "not announced": ("danebogus.test", "MTA-STS: the domain announces none", "1 of 1", 0),
}


@pytest.mark.parametrize("case", STS)
def test_policy_of_the_domain_is_looked_at(place: Path, servers: Lab, case: str) -> None:
    domain, policy, verdict, code = STS[case]

    done = asked(place, servers, domain)

    assert done.exit_code == code, done.output
    assert policy in done.output
    assert verdict in done.output


@pytest.mark.parametrize(("mode", "code"), [("none", 0), ("opportunistic", 4)])
def test_connector_says_whether_the_policy_counts(place: Path, servers: Lab, mode: str, code: int) -> None:
    connectors = place / "policies" / "connectors" / "a.yaml"
    connectors.write_text(f"outbound: [{{name: a, domains: wrongname.test, tls: encrypt, mta_sts: {mode}}}]")
    try:
        assert asked(place, servers, "wrongname.test").exit_code == code
    finally:
        connectors.unlink()


def test_domain_without_servers_is_told(place: Path, servers: Lab) -> None:
    done = asked(place, servers, "nowhere.test")

    assert done.exit_code == 4 or "no answer" in done.output
