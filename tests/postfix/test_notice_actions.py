"""Reports and notes, through real Postfix."""

import email
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, SETTINGS, Gateway, gateway
from demo.sink_session import Delivery

SEC = "sec@lab.test"
POLICY = f"""
rules:
  - name: cards
    when: {{body_matches: '\\d{{4}} \\d{{4}} \\d{{4}} \\d{{4}}'}}
    severity: high
    then:
      - report: {{to: {SEC}, include: [sender, recipients, subject, rule, matches, original]}}
      - protect: smime
    on_error: defer
  - name: refused and reported
    when: {{subject_words: refuse}}
    then: [report: {SEC}, reject: 'No such mail.']
  - name: notes
    when: {{subject_words: note}}
    then: [notify_sender: 'You wrote %%Subject%%.', notify_recipient: 'Ann writes.']
  - name: moderated
    when: {{subject_words: moderated}}
    then: [moderate: {SEC}]
  - name: watched
    mode: audit
    when: {{subject_words: watched}}
    then: [report: {SEC}, notify_sender: never, reject: never]
  - name: watched and told
    mode: audit_and_notify
    when: {{subject_words: told}}
    then: [notify_sender: This will be refused from May., reject: never]
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}, settings=SETTINGS + "held_mail_returns: true\n") as running:
        yield running


def message(subject: str, body: bytes = b"Hello.\r\n", to: str = BOB) -> bytes:
    fields = [
        *(b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode()),
        *(b"Message-ID: <%b@lab.test>" % subject.encode(), b"Date: Mon, 23 Nov 2026 09:00:00 +0000"),
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + body


def arrived(gate: Gateway, count: int) -> dict[str, Delivery]:
    """What *count* people got, by address."""
    found: dict[str, Delivery] = {}
    while len(found) < count:
        (delivery,) = gate.sink.take(1)
        assert not set(delivery.addresses) & set(found)
        found |= dict.fromkeys(delivery.addresses, delivery)
    assert gate.sink.is_quiet()
    return found


def text(delivery: Delivery) -> str:
    read = email.message_from_bytes(delivery.content, policy=SMTP)
    assert isinstance(read, EmailMessage)
    assert (delivery.sender, read["Auto-Submitted"]) == ("", "auto-generated")
    body = read.get_body(("plain",))
    assert body
    return str(body.get_content())


def test_report_masks_what_the_copy_protects(gate: Gateway) -> None:
    gate.post(message("card", b"4111 1111 1111 1111\r\n"))

    found = arrived(gate, 2)
    told = text(found[SEC])
    assert "Rule: cards (mode enforce, severity high)" in told
    assert "found: **** **** **** 1111" in told
    assert "4111 1111" not in told
    assert gate.decrypted(found[BOB].content, BOB).endswith(b"4111 1111 1111 1111\r\n")
    assert b"Content-Type: message/rfc822" in found[SEC].content
    assert "notices=report:1" in gate.daemon.log()
    assert 'postseal_notices_total{kind="report"}' in gate.daemon.metrics()


def test_report_comes_once_when_the_sender_tries_again(gate: Gateway) -> None:
    for _ in range(2):
        assert gate.refused(message("refuse"))[0] == 550

    assert "Result: rejected (550 5.7.1 No such mail.)" in text(arrived(gate, 1)[SEC])


def test_message_that_is_deferred_is_reported_when_it_is_decided(gate: Gateway) -> None:
    """Dan has no certificate, so his message waits; nothing has happened to it yet."""
    assert gate.refused(message("waits", b"4111 1111 1111 1111\r\n", to=DAN), DAN)[0] == 451

    assert gate.sink.is_quiet()


def test_notes_to_sender_and_recipients(gate: Gateway) -> None:
    gate.post(message("note", to=f"{BOB}, {CAT}"), BOB, CAT)

    deliveries = [gate.sink.take_one() for _ in range(4)]
    notes = {each.addresses: text(each) for each in deliveries if not each.sender}
    assert {each: told.strip() for each, told in notes.items()} == {
        (ANN,): "You wrote note.",
        (BOB,): "Ann writes.",
        (CAT,): "Ann writes.",
    }
    assert gate.sink.is_quiet()


def test_moderation_holds_the_message_and_tells_the_moderator(gate: Gateway) -> None:
    gate.post(message("moderated"))

    told = text(arrived(gate, 1)[SEC])
    assert "Result: held for an administrator" in told
    queue_id = re.findall(r"postsuper -H (\w+)", told)[0]
    assert f"queue_id={queue_id} " in gate.daemon.log()


def test_audit_reports_and_does_nothing(gate: Gateway) -> None:
    gate.post(message("watched"))

    found = arrived(gate, 2)
    assert found[BOB].content.endswith(b"Hello.\r\n")
    assert "(mode audit, severity none)" in text(found[SEC])


def test_audit_and_notify_tells_the_sender_and_does_nothing(gate: Gateway) -> None:
    gate.post(message("told"))

    assert text(arrived(gate, 2)[ANN]).strip() == "This will be refused from May."
