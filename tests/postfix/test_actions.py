"""Every action of the policy language, through real Postfix."""

import re
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, Gateway, gateway, without_trace

POLICY = """
rules:
  - name: bare stop
    when: {header_words: {X-Test: stop}}
    stop: true
  - name: encrypt
    when: {header_words: {X-Test: [encrypt, both]}}
    then: [protect: smime]
  - name: sign
    when: {header_words: {X-Test: [sign, both]}}
    then: [sign: true]
  - name: set
    when: {header_words: {X-Test: set}}
    then: [set_header: {X-Label: ours}]
  - name: add
    when: {header_words: {X-Test: add}}
    then: [add_header: {X-Label: 'größer'}]
  - name: remove
    when: {header_words: {X-Test: remove}}
    then: [remove_header: [X-Label, X-Test]]
  - name: subject
    when: {header_words: {X-Test: subject}}
    then: [prepend_subject: '[external]']
  - name: reject
    when: {header_words: {X-Test: reject}}
    then: [reject: 100% & no more]
  - name: reject one recipient
    when: {header_words: {X-Test: picky}, recipient: cat@two.test}
    then: [reject: {text: Not to Cat., code: 554, status: 5.7.2}]
  - name: later
    when: {header_words: {X-Test: later}}
    then: [defer: {text: Later. 100%, status: 4.3.2, code: 450}]
  - name: close
    when: {header_words: {X-Test: close}}
    then: [defer: {text: Go away., code: 421}]
  - name: must or bounce
    when: {header_words: {X-Test: must}}
    then: [protect: smime]
    on_error: reject
  - name: only watched
    mode: audit
    when: {header_words: {X-Test: watched}}
    then: [protect: smime]
  - name: everything else
    when: {header_words: {X-Test: stop}}
    then: [reject: never reached]
"""
BODY = b"The numbers: 1, 2, 3.\r\n.\r\n..\r\nBye\r\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(test: str, *more: bytes, to: str = BOB) -> bytes:
    fields = [
        *(b"From: Ann <ann@lab.test>", b"To: %b" % to.encode(), b"Subject: numbers"),
        *(
            b"Message-ID: <1@lab.test>",
            b"Date: Mon, 23 Nov 2026 09:00:00 +0000",
            b"X-Test: %b" % test.encode(),
        ),
        *more,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + BODY


def field(content: bytes, name: bytes) -> list[bytes]:
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"(?mi)^%b:[ ]?(.*(?:\r\n[ \t].*)*)\r\n" % re.escape(name), head)


@pytest.mark.parametrize("recipient", [BOB, CAT])
def test_protect_only_the_recipient_can_read(gate: Gateway, recipient: str) -> None:
    sent = message(
        "encrypt", b"Bcc: secret@lab.test", b"Content-Type: text/plain; charset=utf-8", to=recipient
    )

    arrived = gate.passed(sent, recipient).content

    assert BODY not in arrived
    assert field(arrived, b"Bcc") == []
    assert field(arrived, b"Content-Type") == [
        b'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
    ]
    for name in (b"From", b"To", b"Subject", b"Message-ID", b"Date"):
        assert field(arrived, name) == field(sent, name)
    inner = gate.decrypted(arrived, recipient)
    assert inner.partition(b"\r\n\r\n")[2] == BODY
    assert b'Content-Type: text/plain; charset=utf-8;\r\n hp="cipher"\r\n' in inner


def test_protect_two_recipients_read_one_copy(gate: Gateway) -> None:
    delivery = gate.passed(message("encrypt", to=f"{BOB}, {CAT}"), BOB, CAT)

    assert set(delivery.addresses) == {BOB, CAT}
    for recipient in delivery.addresses:
        assert gate.decrypted(delivery.content, recipient).endswith(BODY)


def test_protect_no_certificate_waits_with_the_client(gate: Gateway) -> None:
    code, text = gate.refused(message("encrypt", to=DAN), DAN)

    assert (code, text[:5]) == (451, "4.7.8")
    assert DAN not in text
    assert gate.sink.is_quiet()
    assert 'detail="<dan@nokey.test> is not reached by smime (there is no certificate)"' in gate.daemon.log()


def test_protect_no_certificate_comes_back_if_the_rule_says_so(gate: Gateway) -> None:
    assert gate.refused(message("must", to=DAN), DAN)[0] == 550


def test_protect_one_of_two_has_no_certificate_neither_gets_it(gate: Gateway) -> None:
    assert gate.refused(message("encrypt", to=f"{BOB}, {DAN}"), BOB, DAN)[0] == 451
    assert gate.sink.is_quiet()


def test_sign_is_verified(gate: Gateway) -> None:
    arrived = gate.passed(message("sign")).content

    signed = gate.verified(without_trace(arrived))
    assert signed.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") == BODY.removesuffix(b"\r\n")
    assert field(arrived, b"Content-Type")[0].startswith(b"multipart/signed;")
    assert gate.daemon.log().count("copies=plain+signed:1")


def test_sign_for_a_sender_without_identity_is_refused(gate: Gateway) -> None:
    forged = message("sign").replace(b"From: Ann <ann@lab.test>", b"From: Eve <eve@lab.test>")

    assert gate.refused(forged)[1].startswith("4.7.8")


def test_sign_and_protect_is_signed_inside(gate: Gateway) -> None:
    arrived = gate.passed(message("both")).content

    inner = gate.decrypted(arrived, BOB)
    assert gate.verified(inner).rstrip().endswith(BODY.rstrip())


@pytest.mark.parametrize(
    ("test", "labels"),
    [("set", [b"ours"]), ("add", [b"one", b"two", b"=?utf-8?b?Z3LDtsOfZXI=?="]), ("remove", [])],
)
def test_headers_are_set_added_removed(gate: Gateway, test: str, labels: list[bytes]) -> None:
    sent = message(test, b"X-Label: one", b"x-label: two")

    arrived = gate.passed(sent).content

    assert field(arrived, b"X-Label") == labels
    assert field(arrived, b"X-Test") == ([] if test == "remove" else [test.encode()])
    assert arrived.partition(b"\r\n\r\n")[2] == BODY


def test_prepend_subject(gate: Gateway) -> None:
    arrived = gate.passed(message("subject")).content

    assert field(arrived, b"Subject") == [b"[external] numbers"]


def test_reject_tells_the_client_why(gate: Gateway) -> None:
    assert gate.refused(message("reject")) == (550, "5.7.1 100% & no more")


def test_defer_tells_the_client_to_come_again(gate: Gateway) -> None:
    assert gate.refused(message("later"), BOB) == (450, "4.3.2 Later. 100%")
    assert gate.refused(message("close"), BOB) == (421, "4.7.1 Go away.")
    assert gate.sink.is_quiet()


def test_reject_of_one_recipient_refuses_the_message(gate: Gateway) -> None:
    assert gate.refused(message("picky"), BOB, CAT) == (554, "5.7.2 Not to Cat.")
    assert gate.passed(message("picky"), BOB).addresses == (BOB,)


def test_stop_ends_the_list(gate: Gateway) -> None:
    assert without_trace(gate.passed(message("stop")).content) == message("stop")


def test_audit_changes_nothing_and_is_counted(gate: Gateway) -> None:
    assert without_trace(gate.passed(message("watched")).content) == message("watched")
    assert 'postseal_rule_hits_total{mode="audit",rule="only watched"} 1.0' in gate.daemon.metrics()
    assert 'audited="only watched"' in gate.daemon.log()


def test_local_mail_is_treated_too(gate: Gateway) -> None:
    gate.postfix.sendmail(message("encrypt").replace(b"\r\n", b"\n"), ANN, BOB)

    assert gate.decrypted(gate.sink.take_one().content, BOB).endswith(BODY)


def test_local_mail_that_cannot_be_protected_stays_in_the_queue(gate: Gateway) -> None:
    gate.postfix.sendmail(message("encrypt", to=DAN).replace(b"\r\n", b"\n"), ANN, DAN)

    assert gate.sink.is_quiet(2)


def test_null_sender_passes(gate: Gateway) -> None:
    gate.post(message("none"), sender="")

    assert gate.sink.take_one().sender == ""
