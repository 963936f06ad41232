from pathlib import Path

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.message import Message
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.remedy import DEFER, REJECT, Choice, OnError, Remedy
from postseal.treatment import (
    AddHeader,
    Treatment,
)

BOB, CY = Recipient("bob@mail.example"), Recipient("cy@example.com")


def envelope(*recipients: Recipient) -> Envelope:
    return Envelope("ann@example.com", recipients or (BOB,), Client(login="ann"))


def mail(subject: str = "", body: str = "") -> Message:
    return sample.composed("ann@example.com", ["bob@mail.example"], subject=subject, body=body)


def decided(policy: Policy, message: Message | None = None) -> Treatment:
    return policy.decide(message or mail(), envelope())[BOB]


def test_rule_without_conditions_is_about_every_mail(written):
    assert decided(written("rules: [{name: r, then: {sign: true}}]")).sign


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param("{subject_words: a, body_words: b}", True, id="and"),
        pytest.param("{subject_words: a, body_words: x}", False, id="and-no"),
        pytest.param("{subject_words: [x, a]}", True, id="values-or"),
        pytest.param("[{subject_words: a}, {body_words: x}]", False, id="list-is-and"),
        pytest.param("{any: {subject_words: x, body_words: b}}", True, id="any-mapping"),
        pytest.param("{any: [{subject_words: a, body_words: x}, {body_words: b}]}", True, id="any-list"),
        pytest.param("{any: [{subject_words: a, body_words: x}, {body_words: y}]}", False, id="any-no"),
        pytest.param("{all: [{subject_words: a}, {subject_words: x}]}", False, id="all"),
        pytest.param("{not: {subject_words: x}}", True, id="not"),
        pytest.param("{not: {any: {subject_words: x, body_words: b}}}", False, id="not-any"),
        pytest.param("{not: {not: {all: {subject_words: a, body_words: b}}}}", True, id="not-not"),
    ],
)
def test_conditions_nest(written, conditions: str, expected: bool):
    policy = written(f"rules: [{{name: r, when: {conditions}, then: {{sign: true}}}}]")

    assert decided(policy, mail("a", "b")).sign is expected


def test_one_exception_is_enough(written):
    policy = written("rules: [{name: r, unless: {subject_words: a, body_words: b}, then: {sign: true}}]")

    assert not decided(policy, mail("a", "x")).sign
    assert not decided(policy, mail("x", "b")).sign
    assert decided(policy, mail("x", "x")).sign


def test_exceptions_in_a_list_are_alternatives(written):
    policy = written(
        """
        rules:
          - name: r
            unless: [{subject_words: a, body_words: b}, {subject_words: c}]
            then: {sign: true}
        """
    )

    assert not decided(policy, mail("a", "b")).sign
    assert not decided(policy, mail("c", "x")).sign
    assert decided(policy, mail("a", "x")).sign


def test_recipient_conditions_act_on_the_matching_recipients_only(written):
    policy = written("rules: [{name: r, when: {recipient_scope: outside}, then: {protect: smime}}]")

    treatments = policy.decide(mail(), envelope(BOB, CY))

    assert treatments == {BOB: Treatment(protect=("smime",)), CY: Treatment()}
    assert treatments[BOB].rules == ("r",)


def test_rules_apply_in_order_of_files_and_lines(tmp_path: Path, written):
    (tmp_path / "20.yaml").write_text("rules: [{name: c, then: {add_header: {X: '3'}}}]")
    (tmp_path / ".30.yaml").write_text("- broken")
    (tmp_path / "40.yaml~").write_text("- broken")
    policy = written(
        "rules: [{name: a, then: {add_header: {X: '1'}}}, {name: b, then: [{add_header: {X: '2'}}]}]"
    )

    treatment = decided(policy)

    assert treatment.headers == (AddHeader("X", "1"), AddHeader("X", "2"), AddHeader("X", "3"))
    assert treatment.rules == ("a", "b", "c")


def test_later_rule_replaces_methods_but_keeps_protection(written):
    policy = written(
        """
        rules:
          - {name: a, then: {protect: [smime, portal], sign: true}}
          - {name: b, then: {protect: portal}}
          - {name: c, then: {set_header: {X-A: b}}}
        """
    )

    treatment = decided(policy)

    assert treatment.protect == ("portal",)
    assert treatment.sign


def test_stop_ends_for_the_mail_it_applies_to(written):
    policy = written(
        """
        rules:
          - {name: a, when: {subject_words: internal}, stop: true}
          - {name: b, then: {sign: true}}
        """
    )

    assert not decided(policy, mail("internal")).sign
    assert decided(policy, mail("other")).sign


def test_reject_ends_the_rules(written):
    policy = written(
        """
        rules:
          - {name: a, then: {reject: first}}
          - {name: b, then: {sign: true}}
          - {name: c, then: {reject: second}}
        """
    )

    treatment = decided(policy)

    assert str(treatment.refusal) == "550 5.7.1 first"
    assert treatment.rules == ("a",)


@pytest.mark.parametrize("mode", ["audit", "audit_and_notify"])
def test_audit_notes_the_rule_and_does_nothing(written, mode: str):
    policy = written(
        f"""
        rules:
          - {{name: a, mode: {mode}, then: {{reject: no}}, stop: true}}
          - {{name: b, then: {{sign: true}}}}
        """
    )

    treatment = decided(policy)

    assert treatment == Treatment(sign=True)
    assert treatment.rules == ("b",)
    assert treatment.audited == ("a",)


def test_off_does_not_look_at_the_mail(written):
    policy = written("rules: [{name: a, mode: off, then: {sign: true}}]")

    assert decided(policy) == Treatment()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["", ""], DEFER, id="default"),
        pytest.param(["on_error: reject", "on_error: defer"], OnError(Remedy(Choice.DEFER)), id="last"),
        pytest.param(["on_error: {crypto: quarantine}", "on_error: reject"], REJECT, id="second"),
    ],
)
def test_on_error_of_the_later_rule_counts(written, words: list[str], expected: OnError):
    first, second = words
    policy = written(
        f"""
        rules:
          - {{name: a, then: {{protect: smime}}, {first}}}
          - {{name: b, then: {{sign: true}}, {second}}}
        """
    )

    assert decided(policy).on_error == expected


def test_on_error_of_a_rule_that_protects_nothing_stays_its_own(written):
    policy = written("rules: [{name: a, then: {set_header: {X: y}}, on_error: reject}]")

    assert decided(policy).on_error == DEFER


def test_digest_tells_policies_apart(written):
    first = written("rules: []")
    second = written("rules: [ ]")

    assert first.digest == written("rules: []").digest != second.digest
    assert len(first.digest) == 12


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path, written):
    (tmp_path / "20.yaml").write_text("rules: [{name: x, when: {sender_domian: a.b}, then: {sgin: true}}]")
    (tmp_path / "30.yaml").write_bytes(b"rules: \xff")

    with pytest.raises(BadInput) as raised:
        written("rulez: []\nexamples: [{}]")

    assert [(Path(p.place.file).name, p.place.line, p.place.column) for p in raised.value.problems] == [
        ("10.yaml", 1, 1),
        ("10.yaml", 2, 12),
        ("10.yaml", 2, 12),
        ("10.yaml", 2, 12),
        ("20.yaml", 1, 26),
        ("20.yaml", 1, 54),
        ("30.yaml", 1, 8),
    ]
