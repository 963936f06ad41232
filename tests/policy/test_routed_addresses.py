"""No address is judged as ours while the MTA sends its mail to somebody else.

Shown with Postfix 3.7 and its defaults: mail to bob%mail.example@example.com leaves for mail.example.
"""

from collections.abc import Callable

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Cause
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.treatment import Treatment

Written = Callable[[str], Policy]
LOGIN = Client("198.51.100.1", login="ann")
ROUTED = [
    "bob%mail.example@example.com",
    "mail.example!bob@example.com",
    '"bob@mail.example"@example.com',
    "bob@mail.example@example.com",
]


def treatment(policy: Policy, address: str) -> Treatment:
    recipient = Recipient(address)
    message = sample.composed("ann@example.com", [address])
    return policy.decide(message, Envelope("ann@example.com", (recipient,), LOGIN))[recipient]


@pytest.mark.parametrize("address", ROUTED)
@pytest.mark.parametrize(
    "when", ["recipient_scope: outside", "recipient_domain: mail.example", "recipient: bob@mail.example"]
)
def test_address_that_is_routed_elsewhere_is_never_judged_by_its_domain_alone(
    written: Written, when: str, address: str
) -> None:
    policy = written(f"rules: [{{name: one, when: {{{when}}}, then: {{protect: smime}}, on_error: reject}}]")

    refusal = treatment(policy, address).refusal

    assert refusal is not None
    assert (refusal.code, refusal.cause) == (550, Cause.UNINSPECTABLE)
    assert "example" not in refusal.text


@pytest.mark.parametrize("address", ROUTED)
def test_address_that_is_routed_elsewhere_is_no_exception(written: Written, address: str) -> None:
    policy = written("rules: [{name: one, unless: {recipient_scope: inside}, then: {protect: smime}}]")

    assert treatment(policy, address).refusal is not None


@pytest.mark.parametrize(
    ("address", "when"),
    [
        ("bob%a.example@b.example", "recipient_scope: outside"),
        ("cy%example.com@example.com", "recipient_scope: inside"),
        ("a%b.mail.example@mail.example", "recipient_domain: mail.example"),
        ('"bob.smith"@mail.example', "recipient: bob.smith@mail.example"),
    ],
)
def test_address_whose_every_reading_is_alike_is_judged(written: Written, address: str, when: str) -> None:
    policy = written(f"rules: [{{name: one, when: {{{when}}}, then: {{protect: smime}}}}]")

    assert treatment(policy, address) == Treatment(protect=("smime",))


def test_address_whose_readings_are_all_strange_is_judged(written: Written) -> None:
    policy = written("rules: [{name: one, when: {recipient_domain: c.example}, then: {protect: smime}}]")

    assert treatment(policy, "bob%a.example@b.example") == Treatment()
