"""However the client writes a recipient who gets a copy of his own, what stays in the MTA is not for him."""

import smtplib
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, Gateway, gateway
from demo.place import LOOPBACK

POLICY = """
rules:
  - name: sealed for Bob
    when: {recipient: bob@one.test}
    then: [protect: smime]
"""
EVE = "eve@else.test"
TEXT = b"The numbers: 1, 2, 3.\r\n"
READ_BY_POSTFIX = [
    "<bob@(x)one.test>",
    "<bob@one.test(x)>",
    "<bob@one.test (x@lab.test>",
    "<bob (Robert)@one.test>",
    "<bob@one.test,>",
    "<bob@one.test;>",
    "<bob@one. test>",
    "<bob @ one.test>",
    "<bob@one.test>>",
    "<Bob <bob@one.test>>",
    "<x: bob@one.test;>",
    "<b\\ob@one.test>",
    '<"bo"."b"@one.test>',
]
"""Forms in which it finds bob@one.test, or might."""
CLEAR = [
    "<bob@one.test>",
    "<BOB@ONE.test>",
    "<bob@one.test.>",
    '<"bob"@one.test>',
    '<"b\\ob"@one.test>',
    "<@relay.test,@other.test:bob@one.test>",
    "< bob@one.test >",
    "<bob@one.test> ORCPT=rfc822;robert@one.test",
]


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    more = {"strict_rfc821_envelopes": "no"}
    with gateway({"10.yaml": POLICY}, parameters=more) as running:
        yield running


def answered(gate: Gateway, sender: str, *recipients: str) -> tuple[int, bytes]:
    """What is said to a message whose envelope is written exactly so."""
    identity = abs(hash((sender, recipients)))
    sent = (
        b"From: ann@lab.test\r\nTo: bob@one.test, eve@else.test\r\nSubject: x\r\n"
        b"Message-ID: <%d@lab.test>\r\nDate: Mon, 23 Nov 2026 09:00:00 +0000\r\n\r\n" % identity
    )
    with smtplib.SMTP(LOOPBACK, gate.postfix.port, timeout=60) as client:
        client.ehlo()
        assert client.docmd(f"MAIL FROM:{sender}")[0] == 250
        for recipient in recipients:
            assert client.docmd(f"RCPT TO:{recipient}")[0] == 250
        return client.data(sent + TEXT)


@pytest.mark.parametrize("form", CLEAR)
def test_recipient_in_any_clear_form_gets_one_copy_and_none_in_the_clear(gate: Gateway, form: str) -> None:
    assert answered(gate, f"<{ANN}>", form, f"<{EVE}>")[0] == 250

    arrived = {address.lower(): each.content for each in gate.sink.take(2) for address in each.addresses}
    assert set(arrived) == {BOB, EVE}
    assert TEXT not in arrived[BOB]
    assert TEXT in arrived[EVE]
    assert gate.sink.is_quiet()


@pytest.mark.parametrize("form", READ_BY_POSTFIX)
def test_recipient_whom_only_postfix_reads_gets_nothing_in_the_clear(gate: Gateway, form: str) -> None:
    code, text = answered(gate, f"<{ANN}>", form, f"<{EVE}>")

    assert (code, text) == (553, b"5.1.3 An address of this message is not well-formed.")
    assert gate.sink.is_quiet()


@pytest.mark.parametrize("sender", ["<ann@lab.test(x)>", "<ann@lab.test,>", "<Ann <ann@lab.test>>"])
def test_sender_whom_only_postfix_reads_escapes_no_rule(gate: Gateway, sender: str) -> None:
    assert answered(gate, sender, f"<{BOB}>")[0] == 553
    assert gate.sink.is_quiet()
