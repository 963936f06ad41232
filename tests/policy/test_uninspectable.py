"""Mail that a condition cannot look into is refused, but only where the rest of the rule does not decide."""

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Cause
from postseal.message import Message
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.treatment import Treatment

BOB = Recipient("bob@mail.example")


def unreadable() -> Message:
    headers = {"Content-Type": "text/plain; charset=x-none", "Content-Transfer-Encoding": "base64"}
    return sample.composed("ann@example.com", ["bob@mail.example"], headers=headers, body="/////w==")


def decided(policy: Policy) -> Treatment:
    envelope = Envelope("ann@example.com", (BOB,), Client(login="ann"))
    return policy.decide(unreadable(), envelope)[BOB]


@pytest.mark.parametrize(("on_error", "reply"), [("defer", "451 4.7.7"), ("reject", "550 5.7.7")])
def test_uninspectable_mail_is_refused_as_the_rule_says(written, on_error: str, reply: str):
    policy = written(
        f"rules: [{{name: a, when: {{body_words: x}}, then: {{sign: true}}, on_error: {on_error}}}]"
    )

    refusal = decided(policy).refusal

    assert refusal is not None
    assert f"{refusal.code} {refusal.status}" == reply
    assert refusal.cause is Cause.UNINSPECTABLE
    assert refusal.detail == "rule 'a': unknown charset 'x-none'"


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("when: {body_words: x, recipient_scope: inside}", id="and-no"),
        pytest.param("when: {body_words: x}, unless: {sender_scope: inside}", id="exception-yes"),
        pytest.param("when: {not: {any: {body_words: x, sender_scope: inside}}}", id="not-any-yes"),
        pytest.param("mode: audit, when: {body_words: x}", id="audit"),
        pytest.param("mode: off, when: {body_words: x}", id="off"),
    ],
)
def test_uninspectable_mail_passes_where_the_rest_decides(written, rule: str):
    policy = written(f"rules: [{{name: a, {rule}, then: {{reject: no}}}}]")

    assert decided(policy) == Treatment()


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("when: {not: {body_words: x}}", id="not"),
        pytest.param("unless: {body_words: x}", id="exception"),
        pytest.param("when: {any: {body_words: x, recipient_scope: inside}}", id="any"),
        pytest.param("when: {subject_or_body_words: x}", id="subject-or-body"),
    ],
)
def test_uninspectable_mail_never_passes_where_it_matters(written, rule: str):
    policy = written(f"rules: [{{name: a, {rule}, then: {{sign: true}}}}]")

    assert decided(policy).refusal is not None
