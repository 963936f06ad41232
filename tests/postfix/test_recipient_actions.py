"""The actions on who gets the mail, through real Postfix."""

import re
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, CAT, DAN, Gateway, gateway, without_trace

EVE = "eve@else.test"
POLICY = f"""
rules:
  - name: to
    when: {{subject_words: to, recipient: {BOB}}}
    then: [add_to: {EVE}]
  - name: cc
    when: {{subject_words: cc, recipient: {BOB}}}
    then: [add_cc: {EVE}]
  - name: bcc
    when: {{subject_words: bcc, recipient: {BOB}}}
    then: [add_bcc: {EVE}]
  - name: sealed and archived
    when: {{subject_words: sealed}}
    then: [protect: smime, add_bcc: {CAT}]
  - name: redirect
    when: {{subject_words: redirect, recipient: {BOB}}}
    then: [redirect: [{EVE}, {DAN}]]
  - name: redirect to a reader
    when: {{subject_words: passed, recipient: {DAN}}}
    then: [protect: smime, redirect: {BOB}]
  - name: delete
    when: {{subject_words: delete, recipient: {BOB}}}
    then: [delete: true]
"""
TEXT = b"The numbers: 1, 2, 3.\r\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def message(subject: str, *more: bytes, to: str = BOB) -> bytes:
    fields = [
        *(b"From: ann@lab.test", b"To: %b" % to.encode(), b"Subject: %b" % subject.encode()),
        *(b"Message-ID: <%b@lab.test>" % subject.encode(), b"Date: Mon, 23 Nov 2026 09:00:00 +0000"),
        *more,
    ]
    return b"\r\n".join(fields) + b"\r\n\r\n" + TEXT


def copies(gate: Gateway, count: int) -> dict[str, bytes]:
    """What *count* recipients get, by address; Postfix may hand one copy on for several of them."""
    found: dict[str, bytes] = {}
    while len(found) < count:
        (delivery,) = gate.sink.take(1)
        for address in delivery.addresses:
            assert address not in found, "twice"
            found[address] = delivery.content
    assert gate.sink.is_quiet()
    return found


@pytest.mark.parametrize(
    ("word", "field"), [("to", b"To: bob@one.test, eve@else.test\r\n"), ("cc", b"Cc: eve@else.test\r\n")]
)
def test_add_to_and_cc_deliver_and_are_seen(gate: Gateway, word: str, field: bytes) -> None:
    gate.post(message(word))

    arrived = copies(gate, 2)
    assert set(arrived) == {BOB, EVE}
    assert all(field in content for content in arrived.values())


def test_add_bcc_delivers_and_is_not_seen(gate: Gateway) -> None:
    gate.post(message("bcc"))

    arrived = copies(gate, 2)
    assert set(arrived) == {BOB, EVE}
    assert all(without_trace(content) == message("bcc") for content in arrived.values())


def test_add_one_who_is_there_already_delivers_once(gate: Gateway) -> None:
    gate.post(message("bcc", to=f"{BOB}, {EVE}"), BOB, EVE)

    assert set(copies(gate, 2)) == {BOB, EVE}


def test_add_bcc_to_protected_mail_is_a_copy_of_its_own(gate: Gateway) -> None:
    gate.post(message("sealed"))

    arrived = copies(gate, 2)
    assert set(arrived) == {BOB, CAT}
    for recipient, other in ((BOB, CAT), (CAT, BOB)):
        assert gate.decrypted(arrived[recipient], recipient).endswith(TEXT)
        with pytest.raises(AssertionError):
            gate.decrypted(arrived[recipient], other)


def test_redirect_delivers_elsewhere(gate: Gateway) -> None:
    gate.post(message("redirect", to=f"{BOB}, {CAT}"), BOB, CAT)

    assert set(copies(gate, 3)) == {CAT, DAN, EVE}


def test_redirect_of_the_only_recipient_delivers_elsewhere_unchanged(gate: Gateway) -> None:
    gate.post(message("redirect"))

    arrived = copies(gate, 2)
    assert set(arrived) == {DAN, EVE}
    assert without_trace(arrived[EVE]) == message("redirect")


def test_redirect_and_protect_in_one_rule_protects(gate: Gateway) -> None:
    gate.post(message("passed", to=DAN), DAN)

    assert gate.decrypted(copies(gate, 1)[BOB], BOB).endswith(TEXT)


def test_delete_is_silent_but_for_log_and_counter(gate: Gateway) -> None:
    before = deleted(gate)

    gate.post(message("delete"))

    assert gate.sink.is_quiet(2)
    assert "rules=delete deleted=1 result=accepted" in gate.daemon.log()
    assert deleted(gate) == before + 1


def test_delete_for_one_of_two(gate: Gateway) -> None:
    gate.post(message("delete", to=f"{BOB}, {CAT}"), BOB, CAT)

    assert set(copies(gate, 1)) == {CAT}


def test_add_at_a_retry_delivers_nobody_twice(gate: Gateway) -> None:
    sent = message("cc", b"X-Again: 1", to=f"{BOB}, {CAT}").replace(b"<cc@", b"<again@")
    gate.post(sent, BOB, CAT)
    assert set(copies(gate, 3)) == {BOB, CAT, EVE}

    gate.post(sent, BOB, CAT)  # what stays in the MTA comes again, what was submitted does not

    assert set(copies(gate, 1)) == {CAT}


def deleted(gate: Gateway) -> float:
    found = re.search(r"(?m)^postseal_deleted_total (.*)$", gate.daemon.metrics())
    assert found
    return float(found[1])


def test_local_mail_is_redirected_too(gate: Gateway) -> None:
    gate.postfix.sendmail(message("redirect").replace(b"\r\n", b"\n"), ANN, BOB)

    assert set(copies(gate, 2)) == {DAN, EVE}
