"""Connectors from partners: TLS, certificate and address decide whether mail is taken."""

import os
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.gateway import SETTINGS, Gateway, gateway
from demo.pki import key_pem, pem
from demo.place import LOOPBACK, open_directory
from demo.postfix import Tls
from tls_lab import certificate
from tls_wired import reloaded

CONNECTORS = """
inbound:
  - {name: tls, domains: [tls.example, '*.tls.example']}
  - {name: certificate, domains: cert.example, certificate: mail.cert.example}
  - {name: certificates, domains: certs.example, certificate: ['*.cert.example']}
  - {name: network, domains: net.example, tls: false, client_ip: [203.0.113.0/24]}
  - {name: trial, domains: trial.example, mode: test}
  - {name: gone, domains: gone.example, mode: 'off'}
"""
NO_TLS, NO_CERTIFICATE, NO_ADDRESS = (
    "5.7.10",
    "5.7.1 Mail from this domain needs",
    "5.7.1 Mail from this domain is not",
)
TABLE = {
    "tls.example": {"plain": NO_TLS, "tls": "", "right": "", "wrong": "", "untrusted": ""},
    "sub.tls.example": {"plain": NO_TLS, "tls": ""},
    "cert.example": {
        "plain": NO_TLS, "tls": NO_CERTIFICATE, "right": "", "wrong": NO_CERTIFICATE,
        "untrusted": NO_CERTIFICATE,
        # Postfix tells a milter the common name only.
        "besides": NO_CERTIFICATE,
    },
    "certs.example": {"right": "", "wrong": NO_CERTIFICATE, "untrusted": NO_CERTIFICATE},
    "net.example": {"plain": NO_ADDRESS, "tls": NO_ADDRESS, "from there": "", "trusted": ""},
    "trial.example": {"plain": ""},
    "gone.example": {"plain": ""},
    "other.example": {"plain": "", "tls": ""},
}  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with open_directory() as folder:
        root = certificate()
        (folder / "root.pem").write_bytes(pem(root[0]))
        for name, pair in {
            "server": certificate("mx.lab.test", issuer=root),
            "right": certificate("mail.cert.example", issuer=root),
            "wrong": certificate("mail.else.example", issuer=root),
            "untrusted": certificate("mail.cert.example"),
            "besides": certificate("mail.else.example", "mail.cert.example", issuer=root),
        }.items():
            (folder / f"{name}.pem").write_bytes(pem(pair[0]) + key_pem(pair[1]))
        yield folder


@pytest.fixture(scope="module")
def gate(place: Path) -> Iterator[Gateway]:
    if os.geteuid() != 0:
        pytest.skip("a private Postfix needs root")
    server = place / "server.pem"
    parameters = {
        "smtpd_tls_ask_ccert": "yes",
        "smtpd_tls_CAfile": str(place / "root.pem"),
        "mynetworks": "127.0.0.0/8, 192.0.2.0/24, 203.0.113.0/24",
    }
    settings = SETTINGS + "trusted_networks: [192.0.2.0/24]\n"
    with gateway(
        {"10.yaml": "rules: []"}, settings=settings, tls=Tls(server, server), parameters=parameters
    ) as run:
        (run.daemon.policies / "connectors").mkdir()
        (run.daemon.policies / "connectors" / "partners.yaml").write_text(CONNECTORS)
        assert reloaded(run.daemon).good
        yield run


def sent(gate: Gateway, place: Path, domain: str, how: str) -> str:
    """The refusal of mail from *domain*, "" if it is taken."""
    with smtplib.SMTP(LOOPBACK, gate.postfix.port, timeout=60) as client:
        address = {"from there": "203.0.113.7", "trusted": "192.0.2.7"}.get(how)
        if address:
            client.ehlo()
            assert client.docmd("XCLIENT", f"ADDR={address}")[0] == 220
        elif how != "plain":
            context = ssl.create_default_context(cafile=place / "root.pem")
            context.check_hostname = False
            if how != "tls":
                context.load_cert_chain(place / f"{how}.pem")
            client.starttls(context=context)
        try:
            client.sendmail(f"ann@{domain}", ["bob@lab.test"], b"Subject: hi\r\n\r\nhi\r\n")
        except smtplib.SMTPDataError as error:
            reply = error.smtp_error
            return f"{error.smtp_code} {reply.decode() if isinstance(reply, bytes) else reply}"
    return ""


@pytest.mark.parametrize(
    ("domain", "how", "expected"),
    [(domain, how, expected) for domain, cells in TABLE.items() for how, expected in cells.items()],
)
def test_connector_from_a_partner(gate: Gateway, place: Path, domain: str, how: str, expected: str) -> None:
    refusal = sent(gate, place, domain, how)

    if expected:
        assert refusal.startswith("550 ")
        assert expected in refusal
        assert gate.sink.is_quiet(0.05)
    else:
        assert refusal == ""
        assert gate.sink.take_one().sender == f"ann@{domain}"


def test_connector_on_trial_is_told_in_the_log(gate: Gateway, place: Path) -> None:
    sent(gate, place, "trial.example", "plain")
    sent(gate, place, "tls.example", "plain")
    gate.sink.take_one()

    assert 'audited="connector trial"' in gate.daemon.log()
    assert "detail=\"connector 'tls'\"" in gate.daemon.log()
