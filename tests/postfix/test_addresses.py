"""Addresses that Postfix reads in another way than their domain says: nothing leaves in the clear by them."""

from collections.abc import Iterator

import pytest

from demo.gateway import BOB, Gateway, gateway

POLICY = """
rules:
  - name: what leaves us is encrypted
    when: {sender_scope: inside, recipient_scope: outside}
    then: {protect: smime}
    on_error: reject
"""
MAIL = b"From: ann@lab.test\r\nTo: bob@one.test\r\nSubject: x\r\n\r\nsecret\r\n"


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    ours = {"mydestination": "lab.test", "local_recipient_maps": "", "local_transport": "error:nobody"}
    with gateway({"10.yaml": POLICY}, parameters=ours) as running:
        yield running


@pytest.mark.parametrize(
    "address", ["bob%one.test@lab.test", "one.test!bob@lab.test", '"bob@one.test"@lab.test', "bob%one.test"]
)
def test_recipient_that_postfix_routes_elsewhere_gets_nothing_in_the_clear(
    gate: Gateway, address: str
) -> None:
    code, _ = gate.refused(MAIL, address)

    assert code == 550
    assert gate.sink.is_quiet()


@pytest.mark.parametrize("sender", ["ann", "ann%lab.test", "lab.test!ann", '"ann"@lab.test', "ann@LAB.test."])
def test_sender_that_postfix_completes_is_inside(gate: Gateway, sender: str) -> None:
    gate.post(MAIL, BOB, sender=sender)

    arrived = gate.sink.take_one(seconds=60)

    assert arrived.sender.lower() == "ann@lab.test"
    assert b"secret" not in arrived.content
    assert gate.decrypted(arrived.content, BOB).endswith(b"secret\r\n")
