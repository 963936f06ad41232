"""Mail that rules send by a connector: which ones there are, and what holds of several."""

from pathlib import Path

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.policy import sample
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.required_tls import Level, RequiredTls
from postseal.settings.settings import Settings
from postseal.settings.tls import Tls

BOB, DAN = Recipient("bob@mail.example"), Recipient("dan@partner.example")
CONNECTORS = """
outbound:
  - {name: archive, tls: encrypt, smart_host: archive.example.com}
  - {name: fax, tls: {secure: [fax.example.com]}, smart_host: 'fax.example.com:587'}
  - {name: partner, domains: partner.example, tls: verify, smart_host: mx.partner.example}
  - {name: direct, domains: direct.example, tls: verify}
  - {name: loose, tls: dane, smart_host: loose.example.com}
  - {name: trial, tls: verify, smart_host: trial.example.com, mode: test}
"""
ARCHIVE, FAX, PARTNER = "[archive.example.com]:25", "[fax.example.com]:587", "[mx.partner.example]:25"


def policy(folder: Path, rules: str, *, enforced: bool = True) -> Policy:
    (folder / "connectors").mkdir()
    (folder / "connectors/1.yaml").write_text(CONNECTORS)
    (folder / "10.yaml").write_text(rules)
    return load(Settings(policies=folder, tls=Tls(enforced=enforced)), {"smime"})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("route: archive", "sign: true", RequiredTls(Level.ENCRYPT, (), ARCHIVE), id="route"),
        pytest.param(
            "route: archive",
            "route: fax",
            RequiredTls(Level.SECURE, ("fax.example.com",), FAX),
            id="the last one counts",
        ),
        pytest.param(
            "route: fax",
            "route: archive",
            RequiredTls(Level.SECURE, ("fax.example.com",), ARCHIVE),
            id="with the strictest TLS",
        ),
        pytest.param(
            "route: archive",
            "require_tls: verify",
            RequiredTls(Level.VERIFY, (), ARCHIVE),
            id="stricter behind",
        ),
        pytest.param(
            "require_tls: verify",
            "route: archive",
            RequiredTls(Level.VERIFY, (), ARCHIVE),
            id="stricter before",
        ),
        pytest.param(
            "route: partner", "sign: true", RequiredTls(Level.VERIFY, (), PARTNER), id="of a domain"
        ),
    ],
)
def test_rules_choose_the_way(tmp_path: Path, first: str, second: str, expected: RequiredTls) -> None:
    found = policy(tmp_path, f"rules: [{{name: a, then: [{first}]}}, {{name: b, then: [{second}]}}]").decide(
        sample.composed("ann@example.com", [BOB.address]), Envelope("ann@example.com", (BOB,), Client())
    )

    assert found[BOB].tls == expected


def test_route_of_a_rule_comes_before_that_of_the_domain(tmp_path: Path) -> None:
    routes = "{name: a, when: {subject_words: x}, then: [route: archive]}"
    found = policy(tmp_path, f"rules: [{routes}, {{name: b, then: [require_tls: encrypt]}}]")

    hops = []
    for subject in ("x", "y"):
        message = sample.composed("ann@example.com", [DAN.address], subject=subject)
        tls = found.decide(message, Envelope("ann@example.com", (DAN,), Client()))[DAN].tls
        hops.append(tls and tls.next_hop)

    assert hops == [ARCHIVE, PARTNER]
    assert set(found.required_tls) == {RequiredTls(Level.ENCRYPT)}


@pytest.mark.parametrize(
    ("word", "what"),
    [
        (
            "archiv",
            "10.yaml:1:33: unknown connector with a smart host 'archiv'\n  hint: did you mean 'archive'?",
        ),
        ("direct", "unknown connector with a smart host 'direct'"),
        ("trial", "unknown connector with a smart host 'trial'"),
        ("loose", "10.yaml:1:33: nobody would look for what the domain publishes"),
    ],
)
def test_connector_that_leads_nowhere_is_told(tmp_path: Path, word: str, what: str) -> None:
    with pytest.raises(BadInput) as raised:
        policy(tmp_path, f"rules: [{{name: a, then: {{route: {word}}}}}]")
    assert what in str(raised.value)


def test_route_needs_the_transports(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="mail cannot be routed here"):
        policy(tmp_path, "rules: [{name: a, then: {route: fax}}]", enforced=False)


def test_examples_and_explanations_tell_the_way(tmp_path: Path) -> None:
    rules = """
rules: [{name: a, when: {subject_words: fax}, then: [route: fax]}]
examples:
  - {from: ann@example.com, to: bob@mail.example, subject: fax, expect: {route: fax}}
  - {from: ann@example.com, to: bob@mail.example, expect: plain}
"""
    found = policy(tmp_path, rules)

    message = sample.composed("ann@example.com", [BOB.address], subject="fax")
    told = str(found.explain(message, Envelope("ann@example.com", (BOB,), Client())))
    assert f"require_tls: {{secure: [fax.example.com]}} by {FAX}" in told
