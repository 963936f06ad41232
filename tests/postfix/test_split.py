"""Recipients who need different copies, in one transaction, through real Postfix."""

import re
import smtplib
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, Gateway, gateway, without_trace
from demo.place import LOOPBACK
from processes import settled

POLICY = """
rules:
  - name: sealed for Bob and Cat
    when: {subject_words: secret, recipient: [bob@one.test, cat@two.test]}
    then: [protect: smime]
  - name: marked for Dan
    when: {subject_words: marked, recipient: dan@nokey.test}
    then: [prepend_subject: '[external]']
"""
EVE = "eve@else.test"
TEXT = b"The numbers: 1, 2, 3.\r\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(subject: str, to: str, *more: bytes, identity: str = "1") -> bytes:
    fields = [
        *(b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode()),
        *(b"Message-ID: <%b@lab.test>" % identity.encode(), b"Date: Mon, 23 Nov 2026 09:00:00 +0000"),
        *more,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + TEXT


def copies(gate: Gateway, count: int) -> dict[tuple[str, ...], bytes]:
    """What arrives, by recipients."""
    return {tuple(sorted(each.addresses)): each.content for each in gate.sink.take(count)}


def test_three_treatments_in_one_transaction(gate: Gateway) -> None:
    sent = message("secret and marked", f"{BOB}, {CAT}, {DAN}, {EVE}", identity="three")

    gate.post(sent, BOB, CAT, DAN, EVE)

    arrived = copies(gate, 3)
    assert set(arrived) == {(BOB, CAT), (DAN,), (EVE,)}
    assert TEXT not in arrived[BOB, CAT]
    for recipient in (BOB, CAT):
        assert gate.decrypted(arrived[BOB, CAT], recipient).endswith(TEXT)
    assert b"Subject: [external] secret and marked\r\n" in arrived[(DAN,)]
    assert without_trace(arrived[(EVE,)]) == sent
    assert gate.sink.is_quiet()
    for content in arrived.values():
        assert content.count(b"Message-ID: <three@lab.test>") == 1
        assert content.count(b"Date: Mon, 23 Nov 2026 09:00:00 +0000") == 1
    assert len(re.findall(rb"\(Postseal\) id \w+\r\n\t\(guard [\w-]{74}\);\r\n", arrived[BOB, CAT])) == 1


def test_hidden_recipients_have_copies_of_their_own(gate: Gateway) -> None:
    gate.post(message("secret", BOB, b"Bcc: cat@two.test", identity="bcc"), BOB, CAT)

    arrived = copies(gate, 2)
    assert set(arrived) == {(BOB,), (CAT,)}
    assert gate.decrypted(arrived[(BOB,)], BOB).endswith(TEXT)
    assert gate.decrypted(arrived[(CAT,)], CAT).endswith(TEXT)
    for content in arrived.values():
        assert b"Bcc" not in content
    with pytest.raises(AssertionError):
        gate.decrypted(arrived[(BOB,)], CAT)


def test_parameters_survive_on_every_copy(gate: Gateway) -> None:
    with smtplib.SMTP(LOOPBACK, gate.postfix.port, timeout=60) as client:
        client.ehlo()
        client.mail(ANN, ["BODY=8BITMIME", "RET=HDRS", "ENVID=QQ314159"])
        client.rcpt(BOB, ["NOTIFY=SUCCESS,DELAY", f"ORCPT=rfc822;{BOB}"])
        client.rcpt(EVE, ["NOTIFY=NEVER"])
        client.data(message("secret", f"{BOB}, {EVE}", identity="dsn"))

    deliveries = {each.addresses: each for each in gate.sink.take(2)}
    for delivery in deliveries.values():
        assert {"RET=HDRS", "ENVID=QQ314159"} <= set(delivery.parameters)
    assert set(deliveries[(BOB,)].recipients[0].parameters) == {"NOTIFY=SUCCESS,DELAY", f"ORCPT=rfc822;{BOB}"}
    assert "NOTIFY=NEVER" in deliveries[(EVE,)].recipients[0].parameters


def test_smtputf8_recipient_is_split_too(gate: Gateway) -> None:
    address = "jürgen@else.test"
    with smtplib.SMTP(LOOPBACK, gate.postfix.port, timeout=60) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        client.mail(ANN, ["SMTPUTF8", "BODY=8BITMIME"])
        client.rcpt(BOB)
        client.docmd(f"RCPT TO:<{address}>")
        client.data(message("secret", BOB, "To: jürgen@else.test".encode(), identity="utf8"))

    assert set(copies(gate, 2)) == {(BOB,), (address,)}


def test_two_hundred_recipients_in_few_copies(gate: Gateway) -> None:
    many = [f"r{number}@else.test" for number in range(200)]

    gate.post(message("secret", f"{BOB}, {', '.join(many)}", identity="many"), BOB, *many)

    recipients: list[str] = []
    while len(recipients) < 201:
        recipients += gate.sink.take_one().addresses
    assert sorted(recipients) == sorted([BOB, *many])
    assert gate.sink.is_quiet()


def test_same_message_again_gives_submitted_recipients_nothing_twice(gate: Gateway) -> None:
    again = message("secret", f"{BOB}, {EVE}", identity="again")
    gate.post(again, BOB, EVE)
    copies(gate, 2)

    gate.post(again, BOB, EVE)
    gate.post(message("secret", f"{BOB}, {EVE}", b"X: other", identity="other"), BOB, EVE)

    recipients = [each.addresses for each in gate.sink.take(3)]
    assert sorted(recipients) == [(BOB,), (EVE,), (EVE,)]
    assert gate.sink.is_quiet()


def test_body_without_message_id_sent_twice_on_purpose_arrives_twice(gate: Gateway) -> None:
    plain = re.sub(rb"(Message-ID|Date): [^\r]*\r\n", b"", message("secret", f"{BOB}, {EVE}"))

    for _ in range(2):
        gate.post(plain, BOB, EVE)

    recipients = [each.addresses for each in gate.sink.take(4)]
    assert sorted(recipients) == [(BOB,), (BOB,), (EVE,), (EVE,)]


def test_rule_that_refuses_later_defers_what_some_have_already(gate: Gateway) -> None:
    sent = message("secret", f"{BOB}, {EVE}", identity="later")
    gate.post(sent, BOB, EVE)
    gate.sink.take(2)
    file = gate.daemon.policies / "10.yaml"
    file.write_text("rules: [{name: no, when: {subject_words: secret}, then: [reject: No more secrets.]}]\n")
    try:
        assert gate.daemon.reload().reload.good
        settled(gate.daemon)

        again = gate.refused(sent, BOB, EVE)
        other = gate.refused(message("secret", f"{BOB}, {EVE}", identity="never-sent-before"), BOB, EVE)
    finally:
        file.write_text(POLICY)
        gate.daemon.reload()

    assert again[0] == 451
    assert other == (550, "5.7.1 No more secrets.")
    assert gate.sink.is_quiet()


def test_same_message_again_where_one_copy_does_for_all_now_gives_nothing_twice() -> None:
    again = message("secret", f"{BOB}, {EVE}", identity="changed")
    with gateway({"10.yaml": POLICY}) as gate:
        gate.post(again, BOB, EVE)
        copies(gate, 2)
        (gate.directory / "policies" / "10.yaml").write_text("rules: []\n")
        gate.daemon.reload()

        gate.post(again, BOB, EVE)

        assert gate.sink.take_one().addresses == (EVE,)
        assert gate.sink.is_quiet()
