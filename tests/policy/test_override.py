"""A refusal that a sender inside may pass by, with a word in the subject."""

import logging

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.header_edits import edited
from postseal.message import Header, Message
from postseal.metrics import Metrics
from postseal.mta.report import report
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.treatment import Overridden, Treatment

BOB = Recipient("bob@mail.example")
IN, OUT = Client("192.0.2.7", login="ann"), Client("198.51.100.7")
POLICY = """
rules:
  - name: no cards
    severity: high
    override: WAY
    when: {body_words: card}
    then: {reject: 'No cards. Write [override: reason] in the subject.'}
  - name: encrypted
    when: {body_words: card}
    then: {protect: smime}
"""


def envelope(client: Client = IN, sender: str = "ann@example.com") -> Envelope:
    return Envelope(sender, (BOB,), client)


def mail(subject: str) -> Message:
    made = sample.composed("ann@example.com", [BOB.address], body="the card\n")
    return made.without("Subject").adding(Header(b"Subject", b" " + subject.encode()))


def decided(policy: Policy, message: Message, envelope: Envelope) -> Treatment:
    return policy.decide(message, envelope)[BOB]


def subject(message: Message, treatment: Treatment) -> bytes | None:
    return edited(message, treatment.headers).first("Subject")


@pytest.mark.parametrize(
    ("way", "typed", "reason", "left"),
    [
        pytest.param("reason", "[override: he asked] hello", "he asked", b"hello", id="reason"),
        pytest.param("reason", "hello [OVERRIDE:  two\r\n words ]", "two words", b"hello", id="folded"),
        pytest.param("tag", "re: [override] hello", "", b"re: hello", id="tag"),
        pytest.param("tag", "[override: why] x", "why", b"x", id="tag-with-reason"),
        pytest.param(
            "reason",
            "=?utf-8?q?=5Boverride=3A_gr=C3=BCn=07_=1B[2J=5D?= x",
            None,
            None,
            id="bracket-in-reason",
        ),
        pytest.param("reason", "=?utf-8?q?[override:_gr=C3=BCn=07_=1Bx]_y?=", "grün x", b"y", id="control"),
        pytest.param("reason", f"[override: {'a' * 300}] x", "a" * 200, b"x", id="long"),
        pytest.param("reason", "[override] x", None, None, id="no-reason"),
        pytest.param("reason", "[override:  ] x", None, None, id="blank-reason"),
        pytest.param("reason", "override: because", None, None, id="no-tag"),
    ],
)
def test_what_the_sender_writes(
    written, way: str, typed: str, reason: str | None, left: bytes | None
) -> None:
    policy = written(POLICY.replace("WAY", way))
    message = mail(typed)

    treatment = decided(policy, message, envelope())

    assert (treatment.refusal is None) is (reason is not None)
    assert treatment.severity == "high"
    if reason is not None:
        assert treatment.overridden == (Overridden("no cards", reason),)
        assert (treatment.protect, treatment.rules) == (("smime",), ("no cards", "encrypted"))
        assert subject(message, treatment) == left
        assert f"overridden: no cards ({reason})" in str(policy.explain(message, envelope()))


@pytest.mark.parametrize(
    "who",
    [
        pytest.param(envelope(OUT), id="somebody-who-has-not-shown-it"),
        pytest.param(envelope(IN, "eve@mail.example"), id="sender-outside"),
    ],
)
def test_nobody_else_overrides(written, who: Envelope) -> None:
    treatment = decided(written(POLICY.replace("WAY", "tag")), mail("[override: x]"), who)

    assert treatment.refusal
    assert not treatment.overridden


def test_without_the_property_the_word_means_nothing(written) -> None:
    policy = written(POLICY.replace("    override: WAY\n", ""))

    assert decided(policy, mail("[override: x]"), envelope()).refusal


def test_rule_that_does_not_apply_leaves_the_subject(written) -> None:
    policy = written(POLICY.replace("WAY", "tag"))
    message = sample.composed("ann@example.com", [BOB.address], subject="[override: x] y")

    assert decided(policy, message, envelope()) == Treatment()


def test_two_rules_are_passed_by_one_by_one(written) -> None:
    other = "  - {name: never, when: {subject_words: hello}, then: {reject: Never.}}\n"
    policy = written(POLICY.replace("WAY", "reason") + other)

    treatment = decided(policy, mail("[override: x] hello"), envelope())

    assert treatment.refusal
    assert "Never." in str(treatment.refusal)


def test_it_is_counted_and_told_in_the_log(written, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    metrics = Metrics.local()
    treatment = decided(
        written(POLICY.replace("WAY", "reason")), mail('[override: he "asked"] x'), envelope()
    )

    report(metrics, envelope(), [treatment, treatment], [], seconds={})

    assert 'overridden="no cards" justification="he \\"asked\\"" severity=high' in caplog.text
    assert metrics.overridden._value.get() == 2
