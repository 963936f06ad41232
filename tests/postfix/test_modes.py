"""The four modes of protection and the failure policy, through real Postfix."""

import email
import smtplib
from collections.abc import Iterator
from email import policy

import pytest

from demo.gateway import ANN, BOB, DAN, Gateway, gateway, without_trace

POLICY = """
on_error: {no_certificate: {reject: {text: Ask for a certificate., status: 5.7.8, code: 554}}}
rules:
  - {name: required, when: {subject_words: required}, then: [protect: smime]}
  - {name: later, when: {subject_words: later}, then: [protect: smime], on_error: defer}
  - {name: bounce, when: {subject_words: bounce}, then: [protect_or_bounce: smime]}
  - {name: possible, when: {subject_words: possible}, then: [protect_if_possible: smime]}
  - {name: never, when: {subject_words: never}, then: [protect: smime, never_protect: true]}
  - {name: inspect, when: {subject_words: inspect}, then: [protect: smime, already_protected: reject]}
"""
TEXT = b"The numbers: 1, 2, 3.\r\n"
PGP = b"-----BEGIN PGP MESSAGE-----\r\n\r\nwV4DAAAAAAAAAAAASAQdA\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(subject: str, body: bytes = TEXT) -> bytes:
    head = f"From: {ANN}\r\nTo: {BOB}, {DAN}\r\nSubject: {subject}\r\nMessage-ID: <{subject}@lab.test>\r\n"
    return head.encode() + b"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\n\r\n" + body


def copies(gate: Gateway, count: int) -> dict[tuple[str, ...], bytes]:
    arrived = {tuple(sorted(each.addresses)): each.content for each in gate.sink.take(count)}
    assert gate.sink.is_quiet()
    return arrived


def test_required_for_all_bounces_all(gate: Gateway) -> None:
    assert gate.refused(message("required"), BOB, DAN) == (554, "5.7.8 Ask for a certificate.")
    assert gate.refused(message("later"), BOB, DAN)[0] == 451
    assert gate.sink.is_quiet()


def test_or_bounce_sends_a_report_for_the_rest(gate: Gateway) -> None:
    gate.post(message("bounce"), BOB, DAN)

    arrived = copies(gate, 2)
    assert gate.decrypted(arrived[(BOB,)], BOB).endswith(TEXT)
    report = email.message_from_bytes(arrived[(ANN,)], policy=policy.default)
    assert report["In-Reply-To"] == "<bounce@lab.test>"
    status = list(report.iter_parts())[1]
    assert [part["Final-Recipient"] for part in status.get_payload()[1:]] == [f"rfc822; {DAN}"]
    assert TEXT.strip() not in arrived[(ANN,)]


def test_or_bounce_is_not_sent_back_to_strangers(gate: Gateway) -> None:
    forged = message("bounce").replace(b"ann@lab.test", b"ann@forged.test")
    with pytest.raises(smtplib.SMTPDataError, match="Ask for a certificate"):
        gate.post(forged, BOB, DAN, sender="ann@forged.test")

    assert gate.sink.is_quiet()


def test_if_possible_is_plain_for_the_rest(gate: Gateway) -> None:
    sent = message("possible")

    gate.post(sent, BOB, DAN)

    arrived = copies(gate, 2)
    assert gate.decrypted(arrived[(BOB,)], BOB).endswith(TEXT)
    assert without_trace(arrived[(DAN,)]) == sent


def test_never_protect_lifts_what_was_asked_for(gate: Gateway) -> None:
    sent = message("never")

    assert without_trace(gate.passed(sent, DAN).content) == sent


def test_already_protected_leaves_as_it_is(gate: Gateway) -> None:
    sent = message("required", PGP)

    assert without_trace(gate.passed(sent, DAN).content) == sent


def test_already_protected_may_be_refused(gate: Gateway) -> None:
    code, text = gate.refused(message("inspect", PGP), BOB)

    assert (code, text[:5]) == (550, "5.7.1")
