"""A refusal that a sender passes by, through real Postfix: told how, heard, and the word is gone."""

import re
import smtplib
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, Gateway, gateway

POLICY = """
rules:
  - name: no cards
    severity: high
    override: reason
    when: {body_words: card}
    then: {reject: 'No cards. Write [override: your reason] in the subject.'}
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def mail(subject: str) -> bytes:
    return f"From: {ANN}\r\nTo: {BOB}\r\nSubject: {subject}\r\n\r\nthe card\r\n".encode()


def test_sender_is_told_how_and_heard(gate: Gateway) -> None:
    with pytest.raises(smtplib.SMTPDataError) as raised:
        gate.passed(mail("booking"))
    assert b"Write [override: your reason] in the subject." in raised.value.smtp_error

    arrived = gate.passed(mail("[override: the hotel asked] booking")).content

    assert b"\r\nSubject: booking\r\n" in arrived
    assert b"override" not in arrived
    log = gate.daemon.log()
    told = 'overridden="no cards" justification="the hotel asked" severity=high'
    assert re.search(rf"{re.escape(told)}.*result=accepted", log), log
    assert "\npostseal_overridden_total 1.0\n" in gate.daemon.metrics()
