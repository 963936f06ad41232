"""Connectors as they are written: what is good, and what is told about what is not."""

from pathlib import Path

import pytest

from postseal.document import Problems
from postseal.errors import BadInput
from postseal.policy.connectors import connectors
from postseal.policy.connectors.connectors import Connectors
from postseal.policy.load import load as load_policy
from postseal.settings.settings import Settings
from postseal.settings.tls import Tls


def load(folder: Path, text: str) -> Connectors:
    (folder / "a.yaml").write_text(text)
    problems = Problems()
    found = connectors.load(folder, problems)
    problems.settle()
    return found


def test_connector_of_a_domain_is_the_nearest(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        outbound:
          - {name: all, domains: ['*.b.example', Bücher.example], tls: encrypt}
          - {name: one, domains: c.b.example, tls: secure}
          - {name: off, domains: off.example, tls: secure, mode: 'off'}
          - {name: trial, domains: trial.example, tls: secure, mode: test}
        """,
    )

    names = {
        domain: connector and connector.name
        for domain in ("b.example", "x.B.example", "y.x.b.example", "c.b.example.", "d.c.b.example",
                       "xn--bcher-kva.example", "off.example", "trial.example", "")
        for connector in [found.to(domain)]
    }  # fmt: skip
    assert names == {
        "b.example": None, "x.B.example": "all", "y.x.b.example": "all", "c.b.example.": "one",
        "d.c.b.example": "all", "xn--bcher-kva.example": "all", "off.example": None, "trial.example": None,
        "": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("outbond: []", "1:1: unknown key 'outbond'\n  hint: did you mean 'outbound'?", id="key"),
        pytest.param(
            "outbound: [{name: a, domains: '*', tls: encrypt}]",
            "a.yaml:1:31: expected a domain, found '*'\n  hint: write partner.example, or *.partner.example",
            id="every domain",
        ),
        pytest.param(
            "outbound: [{name: a, tls: encrypt}]",
            "a.yaml:1:12: connector 'a' leads nowhere\n  hint: name domains, or a smart_host for rules",
            id="neither domains nor smart host",
        ),
        pytest.param("outbound: [{name: a, domains: b.c}]", "a.yaml:1:12: 'tls' is missing", id="no level"),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: may}]",
            "a.yaml:1:41: unknown level of TLS 'may'",
            id="level",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt, smart_host: 'a b'}]",
            "a.yaml:1:62: expected a server, found 'a b'",
            id="smart host",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt, smart_host: 'h:70000'}]",
            "a.yaml:1:62: expected a server, found 'h:70000'",
            id="port",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt}, {name: b, domains: [d.e, B.C], tls: verify}]",
            "a.yaml:1:51: there is a connector for b.c at",
            id="domain twice",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt}]\ninbound: [{name: a, domains: b.c}]",
            "a.yaml:2:11: connector 'a' has the name of the connector at",
            id="name twice",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt, smart_host: h}, "
            "{name: b, domains: d.e, tls: verify, smart_host: h}]",
            "connector 'b' asks other TLS of [h]:25 than that at",
            id="two levels of one server",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: encrypt, smart_host: h, mta_sts: opportunistic}]",
            "'a': the domain's MTA-STS policy is about its MX, and not [h]:25",
            id="policy of other servers",
        ),
        pytest.param(
            "outbound: [{name: a, domains: b.c, tls: dane-only, mta_sts: opportunistic}]",
            "'a': MTA-STS would take the place of dane-only, which asks for more",
            id="policy that asks for less",
        ),
        pytest.param(
            "inbound: [{name: a, domains: b.c, client_ip: 10.0.0.1/8}]",
            "a.yaml:1:46: expected an IP address or network, found '10.0.0.1/8'",
            id="network",
        ),
    ],
)
def test_bad_connector_is_told(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(BadInput) as raised:
        load(tmp_path, text)

    assert expected in str(raised.value)


def test_connector_is_refused_where_nobody_sees_to_it_and_changes_the_digest(tmp_path: Path) -> None:
    (tmp_path / "10.yaml").write_text("rules: []")
    before = load_policy(Settings(policies=tmp_path), {"smime"}).digest
    (tmp_path / "connectors").mkdir()
    (tmp_path / "connectors" / "a.yaml").write_text("outbound: [{name: a, domains: b.c, tls: encrypt}]")

    with pytest.raises(BadInput, match="connector 'a' would have no effect: nobody sees to it"):
        load_policy(Settings(policies=tmp_path), {"smime"})

    assert load_policy(Settings(policies=tmp_path, tls=Tls(enforced=True)), {"smime"}).digest != before
