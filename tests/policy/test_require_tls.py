"""What is wrong about the value of `require_tls`, told with its place."""

from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.policy.load import load
from postseal.settings.settings import Settings
from postseal.settings.tls import Mta, Tls


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            "encrpyt", "unknown level of TLS 'encrpyt'\n  hint: did you mean 'encrypt'?", id="misspelt"
        ),
        pytest.param("fingerprint", "which fingerprint?", id="no fingerprint"),
        pytest.param("{fingerprint: ab}", "expected a fingerprint, found 'ab'", id="short fingerprint"),
        pytest.param(
            "{encrypt: [a.example]}", "unknown level of TLS with a list 'encrypt'", id="encrypt with names"
        ),
        pytest.param(
            "{secure: '*.a.example'}", "expected the name of a server, found '*.a.example'", id="wildcard"
        ),
        pytest.param("{secure: bücher.example}", "expected the name of a server", id="U-label"),
        pytest.param("{secure: a.b, fingerprint: x}", "expected one level of TLS", id="two levels"),
    ],
)
def test_bad_value(written, value: str, expected: str) -> None:
    with pytest.raises(BadInput) as raised:
        written(f"rules: [{{name: r, then: {{require_tls: {value}}}}}]")

    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("require_tls: dane-only", "1:39: Sendmail is not told of TLS of the level 'dane-only'"),
        ("require_tls: {secure: [mx.a.example]}", "Sendmail is not told of TLS of the level 'secure'"),
        ("route: gateway", "mail cannot be routed here"),
    ],
)
def test_sendmail_takes_two_levels(tmp_path: Path, rules: str, expected: str) -> None:
    (tmp_path / "10.yaml").write_text(f"rules: [{{name: r, then: {{{rules}}}}}]")
    (tmp_path / "connectors").mkdir()
    partner = "{name: gateway, domains: a.example, tls: encrypt, smart_host: mx.a.example}"
    settings = Settings(policies=tmp_path, tls=Tls(enforced=True, mta=Mta.SENDMAIL))

    (tmp_path / "connectors/a.yaml").write_text(f"outbound: [{partner}]")
    with pytest.raises(BadInput) as raised:
        load(settings, {"smime"})
    assert expected in str(raised.value)

    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: {require_tls: verify}}]")
    with pytest.raises(BadInput, match="connector 'gateway' would have no effect"):
        load(settings, {"smime"})

    (tmp_path / "connectors/a.yaml").unlink()
    assert load(settings, {"smime"}).required_tls


def test_protect_by_tls_is_refused_where_nobody_sees_to_it(tmp_path: Path) -> None:
    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: [protect: [tls, smime]]}]")

    with pytest.raises(BadInput, match="1:35: 'tls' protects nothing here: nobody would see to it"):
        load(Settings(policies=tmp_path), {"smime", "tls"})

    assert load(Settings(policies=tmp_path, tls=Tls(enforced=True)), {"smime", "tls"}).protects_by("tls")
