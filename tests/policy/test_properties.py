"""Whatever strangers write, a policy decides, and its explanation says the same."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from mailstrategies import ENVELOPES, MESSAGES
from postseal.envelope import Envelope
from postseal.message import Message
from postseal.policy.conditions import CONDITIONS
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.judging import Directory
from postseal.settings.settings import Limits, Settings

PEOPLE = Path(__file__).parent / "people.yaml"

TYPES = Path(__file__).parents[2] / "policies" / "types"
VALUES = {
    "sender_group": "[sales]",
    "recipient_group": "[sales]",
    "to_header_group": "sales",
    "cc_header_group": "sales",
    "to_or_cc_header_group": "sales",
    "between_groups": "{one: sales, other: sales}",
    "sender_attribute_words": "{a: b}",
    "sender_attribute_matches": "{a: b}",
    "recipient_attribute_words": "{a: b}",
    "recipient_attribute_matches": "{a: b}",
    "same_attribute": "a",
    "sender_manager": "a@a.example",
    "recipient_manager": "a@a.example",
    "sender_is": "manager",
    "recipient_certificate": "none",
    "first_mail": "true",
    "spf": "none",
    "dkim": "[none, pass]",
    "dmarc": "fail",
    "login": "[a, b]",
    "client_ip": "[127.0.0.0/8, '::1']",
    "tls": "false",
    "tls_version": "TLSv1.3",
    "tls_cipher": "a",
    "tls_certificate": "a",
    "macro_matches": "{v: a}",
    "sender_words": "[a, b]",
    "sender_matches": "'a|b'",
    "recipient_words": "[a, b]",
    "recipient_matches": "'[ab]'",
    "any_recipient": "b@b.example",
    "any_recipient_domain": "b.example",
    "any_recipient_words": "[a, b]",
    "any_recipient_matches": "'[ab]'",
    "any_recipient_scope": "inside",
    "recipients_at_least": "2",
    "to_header": "a@a.example",
    "cc_header": "a@a.example",
    "to_or_cc_header": "a@a.example",
    "time_of_day": "{from: '00:00', until: '12:00', zone: UTC}",
    "importance": "normal",
    "sensitivity": "normal",
    "automatic": "false",
    "mailing_list": "false",
    "has_header": "[X, Received]",
    "header_at_least": "{X: 1}",
    "signed": "false",
    "message_type": "[encrypted, signed]",
    "charset": "utf-8",
    "authenticated": "true",
    "sender": "a@a.example",
    "sender_domain": "a.example",
    "sender_scope": "inside",
    "recipient": "b@b.example",
    "recipient_domain": "b.example",
    "recipient_scope": "outside",
    "size_over": "200",
    "subject_words": "[a, '[x]', é]",
    "subject_matches": "'a|é'",
    "header_words": "{Content-Type: text, X: a}",
    "header_matches": "{Received: a}",
    "encrypted": "false",
    "opened": "false",
    "smime_signature": "[none, pass]",
    "body_words": "[a, secret]",
    "body_matches": "'[a-f]+'",
    "subject_or_body_words": "b",
    "subject_or_body_matches": "'\\d'",
    "has_attachment": "true",
    "attachment_size_over": "10",
    "attachment_name_words": "a",
    "attachment_name_matches": "'[a-f]'",
    "attachment_extension": "txt",
    "attachment_type": "text/plain",
    "attachment_executable": "true",
    "attachment_password_protected": "true",
    "attachment_unsupported": "true",
    "attachment_unsupported_extension": "dat",
    "attachment_limit_exceeded": "true",
    "attachment_property_words": "{Title: a}",
    "attachment_lacks_property": "[Title, Label_*]",
    "attachment_words": "[a, secret]",
    "attachment_matches": "'[a-f]+'",
    "sensitive": "[iban, credit_card]",
}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Every condition in rules of its own, negated and as an exception."""
    folder = tmp_path_factory.mktemp("policies")
    rules = ["rules:"]
    for word, value in VALUES.items():
        asked = f"{{{word}: {value}}}"
        rules += [
            f"  - {{name: when-{word}, mode: audit, when: {asked}, then: {{add_header: {{X-{word}: a}}}}}}",
            f"  - {{name: not-{word}, mode: audit, when: {{not: {asked}}}, then: {{protect: smime}}}}",
            f"  - {{name: unless-{word}, unless: {asked}, then: {{sign: true}}}}",
        ]
    (folder / "types").symlink_to(TYPES)
    (folder / "10.yaml").write_text("\n".join(rules))
    return load(
        Settings(
            policies=folder,
            accepted_domains=("a.example",),
            directory=Directory(file=PEOPLE),
            limits=Limits(inspect_bytes=500),
        ),
        {"smime"},
    )


def test_every_condition_takes_part():
    assert sorted(VALUES) == sorted(function.__name__ for function in CONDITIONS)


@given(message=MESSAGES, envelope=ENVELOPES)
@settings(max_examples=300, deadline=None)
def test_policy_decides_and_explains_alike(policy: Policy, message: Message, envelope: Envelope):
    decided = policy.decide(message, envelope)
    explanation = policy.explain(message, envelope)

    assert decided.keys() == set(envelope.recipients)
    for line in explanation.lines:
        treatment = decided[line.recipient]
        assert line.treatment == treatment
        assert (line.treatment.rules, line.treatment.audited) == (treatment.rules, treatment.audited)
    assert str(explanation)


@given(message=MESSAGES, envelope=ENVELOPES)
@settings(max_examples=200, deadline=None)
def test_a_condition_and_its_negation_never_both_apply(policy: Policy, message: Message, envelope: Envelope):
    for treatment in policy.decide(message, envelope).values():
        for word in VALUES:
            assert not {f"when-{word}", f"not-{word}"} <= set(treatment.audited)
