import ipaddress
from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.settings import settings
from postseal.settings.settings import Guard, Limits, Listen, Settings
from postseal.settings.smime import Identity, Smime
from postseal.settings.tls import Tls


def load(folder: Path, text: str) -> Settings:
    path = folder / "postseal.yaml"
    path.write_text(text)
    return settings.load(path)


def test_load_reads_every_section(tmp_path: Path):
    loaded = load(
        tmp_path,
        """
        policies: rules.d
        accepted_domains: [Example.COM, example.org]
        trusted_networks: [127.0.0.0/8, 192.0.2.7]
        listen: {socket: inet:8890@0.0.0.0, mode: 0600, group: postfix, beyond_loopback: true}
        limits:
          {headers: 100, header_bytes: 64k, recipients: 5, message_bytes: 10MiB, inspect_bytes: 1 MB, hops: 9}
        smime:
          certificates: certs
          cipher: aes-128-cbc
          identities:
            - {senders: [ann@example.com, example.org], certificate: ann.pem, key: /k/ann.key}
        workers: 3
        runtime_directory: /run/x
        spool_directory: /var/spool/x
        memory_body: 2MiB
        store: postgresql+psycopg://db.example.com/postseal
        store_timeout: 2s
        guard: {secret: secret, age: 2h}
        held_mail_returns: true
        tls:
          {enforced: true, postfix: none, connectors: 'unix:/run/x/tls.sock', resolver: '::1',
           requiretls: true}
        stop: 2m
        drain: 1h
        metrics: none
        """,
    )

    assert loaded == Settings(
        policies=tmp_path / "rules.d",
        accepted_domains=("example.com", "example.org"),
        trusted_networks=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("192.0.2.7")),
        listen=Listen("inet:8890@0.0.0.0", 0o600, "postfix", beyond_loopback=True),
        limits=Limits(100, 64 << 10, 5, 10 << 20, 1 << 20, 9),
        smime=Smime(
            tmp_path / "certs",
            "aes-128-cbc",
            (Identity(("ann@example.com", "example.org"), tmp_path / "ann.pem", Path("/k/ann.key")),),
        ),
        workers=3,
        runtime_directory=Path("/run/x"),
        spool_directory=Path("/var/spool/x"),
        memory_body=2 << 20,
        store="postgresql+psycopg://db.example.com/postseal",
        store_timeout=2,
        guard=Guard(tmp_path / "secret", 7200),
        held_mail_returns=True,
        tls=Tls(
            enforced=True, postfix=None, connectors="unix:/run/x/tls.sock", resolver="::1", requiretls=True
        ),
        stop_seconds=120,
        drain_seconds=3600,
        metrics="",
    )


def test_load_leaves_defaults(tmp_path: Path):
    assert load(tmp_path, "accepted_domains: example.com") == Settings(accepted_domains=("example.com",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("acepted_domains: a", "1:1: unknown key 'acepted_domains'", id="unknown-key"),
        pytest.param("listen: {socet: a}", "1:10: unknown key 'socet'", id="unknown-inner-key"),
        pytest.param("[a]", "1:1: expected 'key: value' lines, found a list", id="list"),
        pytest.param("workers: three", "1:10: expected a whole number, found 'three'", id="integer"),
        pytest.param("workers: 012", "1:10: expected a whole number, found '012'", id="octal-integer"),
        pytest.param("workers:", "1:9: the value is missing", id="missing-value"),
        pytest.param("workers: [1]", "1:10: expected one value, found a list", id="list-for-value"),
        pytest.param("limits: {headers: 0}", "1:19: expected a number of at least 1", id="zero"),
        pytest.param("memory_body: 1TiB", "1:14: expected a size, found '1TiB'", id="size"),
        pytest.param("memory_body: 0k", "1:14: expected a size of at least 1", id="no-size"),
        pytest.param("store: mysql://ann:secret@db/x", "1:8: no such kind of database", id="store"),
        pytest.param("store: sqlite:///x", "1:8: no such kind of database", id="relative-store"),
        pytest.param(
            "store_timeout: 0s", "1:16: expected a time span of at least a second", id="store-timeout"
        ),
        pytest.param("stop: 25", "1:7: expected a time span, found '25'", id="duration"),
        pytest.param(
            "listen: {beyond_loopback: yes}", "1:27: expected true or false, found 'yes'", id="boolean"
        ),
        pytest.param(
            "{accepted_domains: a.test, portal: {replies: {sender: x@b.test}}}",
            "1:55: 'x@b.test' is not in one of accepted_domains",
            id="sender-of-replies",
        ),
        pytest.param(
            "portal: {replies: {submit_to: 192.0.2.1:25}}",
            "1:31: other hosts can reach '192.0.2.1:25'",
            id="listener-for-replies",
        ),
        pytest.param("tls: {connectors: /run/x}", "1:19: bad Unix socket '/run/x'", id="socketmap"),
        pytest.param("listen: {mode: 660}", "1:16: expected permissions, found '660'", id="mode"),
        pytest.param("listen: {socket: /run/x}", "1:18: bad socket '/run/x'", id="socket"),
        pytest.param("listen: {socket: unix:x}", "1:18: bad Unix socket 'unix:x'", id="unix-socket"),
        pytest.param("listen: {socket: inet:0@localhost}", "1:18: there is no port 0", id="port"),
        pytest.param("listen: {socket: inet:1@mail}", "1:18: 'mail' is not an IP address", id="host"),
        pytest.param(
            "listen: {socket: inet:1@0.0.0.0}",
            "1:18: other hosts can reach 'inet:1@0.0.0.0'",
            id="open",
        ),
        pytest.param("metrics: 0.0.0.0:9", "1:10: other hosts can reach '0.0.0.0:9'", id="open-metrics"),
        pytest.param("metrics: '[::]:9'", "1:10: other hosts can reach '[::]:9'", id="open-metrics-6"),
        pytest.param("metrics: localhost", "1:10: bad address 'localhost'", id="metrics"),
        pytest.param("smime: {cipher: des}", "1:17: unknown cipher 'des'", id="cipher"),
        pytest.param("smime: {cipher: aes-256-gcm}", "1:17: unknown cipher 'aes-256-gcm'", id="gcm for all"),
        pytest.param(
            "smime: {peers: [{recipients: [x.example], cipher: 3des}]}",
            "1:51: unknown cipher of peers '3des'",
            id="cipher of a peer",
        ),
        pytest.param(
            "smime: {peers: [{recipients: [x.example], key_transport: rsa}]}",
            "1:58: unknown key transport 'rsa'",
            id="key transport",
        ),
        pytest.param("smime: {subject: none}", "1:18: unknown word 'none'", id="subject"),
        pytest.param("accepted_domains: '*.a.b'", "1:19: expected a domain, found '*.a.b'", id="wildcard"),
        pytest.param("accepted_domains: [a@b.c]", "1:20: expected a domain, found 'a@b.c'", id="address"),
        pytest.param(
            "trusted_networks: 10.1.0.0/8",
            "1:19: expected an IP address or network, found '10.1.0.0/8'",
            id="host-bits",
        ),
        pytest.param(
            "smime: {identities: {senders: a.b, key: k}}", "1:21: 'certificate' is missing", id="key"
        ),
    ],
)
def test_load_refuses(tmp_path: Path, text: str, expected: str):
    with pytest.raises(BadInput) as raised:
        load(tmp_path, text)

    (problem,) = raised.value.problems
    assert f"{problem.place}: {problem.what}" == f"{tmp_path}/postseal.yaml:{expected}"
    assert problem.hint


@pytest.mark.parametrize("written", ["yes", "on", "True", "1"])
def test_boolean_hint_says_true(tmp_path: Path, written: str):
    with pytest.raises(BadInput, match=r"hint: write true$"):
        load(tmp_path, f"listen: {{beyond_loopback: {written}}}")


def test_load_reports_all_problems_at_once(tmp_path: Path):
    with pytest.raises(BadInput) as raised:
        load(tmp_path, "workers: x\nlisten: {mode: 8, socket: y}\nnope: 1\nstop: z\n")

    assert [p.place.line for p in raised.value.problems] == [1, 2, 2, 3, 4]
