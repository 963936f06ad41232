"""A sender's locks: who gets the message sealed for them, whatever rules say of methods."""

from dataclasses import replace

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.locks import NO_LOCKS, Locks
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.treatment import Already, Treatment, Unreached

KIM, BOB, CAT = (Recipient(each) for each in ("kim@example.com", "Bob@mail.example", "cat@web.example"))
POLICY = """
rules:
  - name: plain if it cannot be
    when: {recipient_scope: outside}
    then: [{protect_if_possible: smime}, {set_header: {X-Rule: 'yes'}}]
  - name: no cats
    when: {recipient: cat@web.example, subject_words: forbidden}
    then: [reject: No cats.]
"""
WORDS, NUMBER = Locks("blue horse 17"), Locks("", (("bob@mail.example", "+491701234567"),))


def decided(policy: Policy, locks: Locks, subject: str = "hello") -> dict[Recipient, Treatment]:
    message = sample.composed("ann@example.com", [each.address for each in (KIM, BOB, CAT)], subject=subject)
    envelope = Envelope("ann@example.com", (KIM, BOB, CAT), Client(login="ann"), locks=locks)
    return policy.decide(message, envelope)


def test_passphrase_seals_for_everybody_outside(written) -> None:
    policy = written(POLICY)
    plain, treatments = decided(policy, NO_LOCKS), decided(policy, WORDS)

    assert treatments[KIM] == plain[KIM]
    for who in (BOB, CAT):
        sealed = replace(plain[who], protect=("ome",), unreached=Unreached.REFUSE, already=Already.WRAP)
        assert treatments[who] == sealed
        assert sealed.headers


@pytest.mark.parametrize("who", [KIM, CAT])
def test_number_seals_for_whom_it_names_alone(written, who: Recipient) -> None:
    policy = written(POLICY)

    treatments = decided(policy, NUMBER)

    assert treatments[BOB].protect == ("ome",)
    assert treatments[who] == decided(policy, NO_LOCKS)[who]


def test_refusal_of_a_rule_stays(written) -> None:
    assert decided(written(POLICY), WORDS, "forbidden")[CAT].refusal
