"""A daemon whose keys are on a token: it signs, opens, waits while the token is gone, and goes on alone."""

import smtplib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import pki
from demo.gateway import ANN, BOB, Gateway, gateway
from softhsm import SoftHsm

SETTINGS = """
workers: 2
accepted_domains: [lab.test]
smime:
  certificates: certificates
  identities:
    - {{senders: [lab.test], certificate: {pem}, key: "{uri}"}}
  decryption:
    - {{recipients: [lab.test], certificate: {pem}, key: "{uri}"}}
"""
POLICY = """
rules:
  - name: sign
    when: {sender_scope: inside}
    then: [sign: true]
"""
MAIL = b"From: ann@lab.test\r\nTo: bob@one.test\r\nSubject: x\r\n\r\nhello\r\n"
ROOT = pki.Authority.root()
OURS = ROOT.issue(ANN)


@pytest.fixture
def gate(hsm: SoftHsm) -> Iterator[Gateway]:
    hsm.put("gateway", OURS.key)
    certificate = hsm.directory / "gateway.pem"
    certificate.write_bytes(pki.pem(*OURS.chain))
    settings = SETTINGS.format(pem=certificate, uri=hsm.uri("gateway"))
    with gateway({"10.yaml": POLICY}, settings=settings) as running:
        yield running


def sealed(place: Path) -> bytes:
    (place / "to.pem").write_bytes(OURS.pem)
    command = ["openssl", "cms", "-encrypt", "-aes256", "-outform", "SMIME", "to.pem"]
    entity = b"Content-Type: text/plain\r\n\r\nsecret\r\n"
    done = subprocess.run(command, input=entity, cwd=place, capture_output=True, check=True)
    head = b"From: bob@one.test\nTo: ann@lab.test\nMessage-ID: <1@one.test>\n"
    return (head + done.stdout).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def test_daemon_signs_and_opens_with_a_token_and_outlives_its_absence(
    gate: Gateway, hsm: SoftHsm, tmp_path: Path
) -> None:
    def signs() -> bool:
        return b"multipart/signed" in gate.passed(MAIL).content

    assert all(signs() for _ in range(4))
    gate.post(sealed(tmp_path), ANN, sender=BOB)
    assert gate.sink.take_one().content.endswith(b"secret\r\n")

    hsm.remove()
    for message, recipient, sender in ((MAIL, BOB, ANN), (sealed(tmp_path), ANN, BOB)):
        with pytest.raises(smtplib.SMTPDataError) as raised:
            gate.post(message, recipient, sender=sender)
        assert raised.value.smtp_code == 451

    hsm.insert()
    deadline = time.monotonic() + 60
    while True:
        try:
            assert signs()
            break
        except smtplib.SMTPDataError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    log = gate.daemon.log()
    assert "cause=keys" in log
    assert hsm.pin.read_text().strip() not in log
