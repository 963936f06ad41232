"""Disclaimers, through real Postfix."""

import email
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from demo.gateway import BOB, Gateway, gateway
from demo.pki import Person

POLICY = """
rules:
  - name: plain
    when: {subject_words: plain}
    then: [disclaimer: 'Vertraulich für Sie, von %%Email%%.']
  - name: refused
    when: {subject_words: strict}
    then: [disclaimer: {text: No., fallback: reject}]
  - name: left
    when: {subject_words: left}
    then: [disclaimer: {text: No., fallback: ignore}]
  - name: signed
    when: {subject_words: sign}
    then: [disclaimer: Ours., sign: true, protect: smime]
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(subject: str, entity: bytes = b"\r\nHello.\r\n") -> bytes:
    head = f"From: ann@lab.test\r\nTo: {BOB}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@lab.test>\r\n"
    return head.encode() + b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n" + entity


SIGNED = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s\r\n'
    b"\r\n--s\r\n\r\nSigned.\r\n--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nMIAG\r\n--s--\r\n"
)


def read(octets: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(octets, policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_disclaimer_is_read_behind_the_text(gate: Gateway) -> None:
    arrived = read(gate.passed(message("plain")).content)

    assert arrived.get_content() == "Hello.\r\n\r\nVertraulich für Sie, von ann@lab.test.\r\n"


def test_disclaimer_wraps_what_is_signed(gate: Gateway) -> None:
    sent = message("plain", SIGNED)

    arrived = gate.passed(sent).content

    assert [part.get_content_type() for part in read(arrived).iter_parts()] == [
        "text/plain",
        "message/rfc822",
    ]
    assert SIGNED in arrived


def test_disclaimer_refuses_what_is_signed(gate: Gateway) -> None:
    assert gate.refused(message("strict", SIGNED))[0] == 550
    assert b"No." in gate.passed(message("strict")).content


def test_disclaimer_leaves_what_is_signed_alone(gate: Gateway) -> None:
    assert SIGNED in gate.passed(message("left", SIGNED)).content


def test_disclaimer_is_signed_and_sealed_with_the_text(gate: Gateway) -> None:
    sealed = gate.passed(message("sign")).content

    inner = gate.verified(gate.decrypted(sealed, BOB))
    assert inner.endswith(b"Hello.\r\n\r\nOurs.\r\n")
    assert isinstance(gate.people[BOB], Person)
