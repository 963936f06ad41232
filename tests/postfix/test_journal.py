"""Journal copies through real Postfix: as the message came, once, to archives inside or sealed to theirs."""

import email
import email.policy
import smtplib
from collections import Counter
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, Gateway, gateway

pytestmark = pytest.mark.postfix

ARCHIVE = "archive@lab.test"
POLICY = f"""
rules:
  - name: protected and kept
    when: {{subject_words: [kept, both]}}
    then: [protect: smime, journal: {ARCHIVE}]
    on_error: reject
  - name: once, whoever asks
    when: {{subject_words: kept}}
    then: [journal: {ARCHIVE}]
  - name: sealed for an archive elsewhere
    when: {{subject_words: both}}
    then: [journal: {{to: {CAT}, protect: smime}}]
  - name: an archive without a certificate
    when: {{subject_words: unsealable}}
    then: [journal: {{to: {DAN}, protect: smime}}]
    on_error: reject
  - name: only watched
    mode: audit
    when: {{subject_words: watched}}
    then: [journal: {ARCHIVE}]
  - name: refused
    when: {{subject_words: refused}}
    then: [journal: {ARCHIVE}]
  - name: and this is why
    when: {{subject_words: refused}}
    then: [reject: 'No such mail.']
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(subject: str, *to: str) -> bytes:
    fields = [f"From: {ANN}", f"To: {', '.join(to or (BOB,))}", f"Subject: {subject}"]
    fields += [f"Message-ID: <{subject.replace(' ', '-')}@lab.test>", "Date: Mon, 23 Nov 2026 09:00:00 +0000"]
    return "\r\n".join(fields).encode() + b"\r\n\r\nThe numbers: 1, 2, 3.\r\n"


def report(octets: bytes) -> tuple[EmailMessage, list[str], bytes]:
    """A journal report: its header, the lines of its text, the message in it."""
    read = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert isinstance(read, EmailMessage)
    body = read.get_body(("plain",))
    assert body
    (attached,) = [part for part in read.walk() if part.get_content_type() == "message/rfc822"]
    return read, body.get_content().split(), attached.get_content().as_bytes()


def test_journal_copy_says_who_sent_what_to_whom(gate: Gateway) -> None:
    gate.post(message("kept 1"), BOB, CAT)  # Cat is hidden, and has a copy of her own

    got = {each.addresses: each for each in gate.sink.take(3)}

    copy = got[ARCHIVE,]
    assert copy.sender == ""
    read, said, original = report(copy.content)
    assert "X-MS-Journal-Report" in read
    assert said == ["Sender:", ANN, "Message-Id:", "<kept-1@lab.test>", "To:", BOB, "Bcc:", CAT]
    assert b"The numbers: 1, 2, 3." in original
    assert b"Subject: kept 1" in original
    assert b"The numbers" not in got[BOB,].content
    assert b"The numbers: 1, 2, 3." in gate.decrypted(got[BOB,].content, BOB)
    assert gate.sink.is_quiet()


def test_archive_elsewhere_gets_it_sealed(gate: Gateway) -> None:
    gate.post(message("both"), BOB)

    got = {each.addresses: each.content for each in gate.sink.take(3)}

    assert b"The numbers" not in got[CAT,]
    inner = gate.decrypted(got[CAT,], CAT)
    assert b"The numbers: 1, 2, 3." in inner
    assert b"The numbers: 1, 2, 3." in got[ARCHIVE,]


def test_without_a_copy_the_message_waits_whatever_on_error_says(gate: Gateway) -> None:
    code, text = gate.refused(message("unsealable"), BOB)

    assert code == 451, text
    assert gate.sink.is_quiet()
    assert "no journal copy can be sealed" in gate.daemon.log()


def test_message_that_is_sent_again_is_journalled_once(gate: Gateway) -> None:
    for _ in range(2):
        gate.post(message("kept 2"), BOB)

    assert Counter(each.addresses for each in gate.sink.take(3)) == {(ARCHIVE,): 1, (BOB,): 2}
    gate.post(message("kept 2"), CAT)  # the rest of its recipients, in another transaction
    (copy,) = [each for each in gate.sink.take(2) if each.addresses == (ARCHIVE,)]
    assert report(copy.content)[1][-2:] == ["Bcc:", CAT]


def test_nothing_is_journalled_that_nobody_gets_or_a_rule_only_watches(gate: Gateway) -> None:
    with pytest.raises(smtplib.SMTPDataError):
        gate.post(message("refused"), BOB)
    assert gate.sink.is_quiet()
    gate.post(message("watched"), BOB)
    assert [each.addresses for each in gate.sink.take(1)] == [(BOB,)]
    assert gate.sink.is_quiet()
