"""`sender_address` says which sender the conditions of a rule mean."""

import pytest

from postseal.body import Body
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput, Cause
from postseal.message import Header, Message
from postseal.policy.load import load
from postseal.settings.settings import Settings
from postseal.treatment import Treatment

BOB = Recipient("bob@mail.example")


def treated(written, rule: str, envelope: str, *authors: str) -> Treatment:
    policy = written(f"rules: [{{name: rule, {rule}, then: {{sign: true}}}}]")
    message = Message(tuple(Header(b"From", f" {each}".encode()) for each in authors), Body.of(b""))
    return policy.decide(message, Envelope(envelope, (BOB,), Client()))[BOB]


CASES = [
    ("sender_address: envelope, when: {sender: a@x.example}", "a@x.example", ["b@y.example"], True),
    ("sender_address: header, when: {sender: a@x.example}", "a@x.example", ["b@y.example"], False),
    ("sender_address: header, when: {sender: B@y.example}", "a@x.example", ["Bob <b@Y.example>"], True),
    ("sender_address: either, when: {sender: a@x.example}", "a@x.example", ["b@y.example"], True),
    ("sender_address: either, when: {sender: b@y.example}", "a@x.example", ["b@y.example"], True),
    ("sender_address: either, when: {sender: c@z.example}", "a@x.example", ["b@y.example"], False),
    ("sender_address: header, when: {sender_domain: example}", "a@x.test", ["a@b.example"], True),
    ("sender_address: header, when: {sender_domain: x.test}", "a@x.test", ["a@b.example"], False),
    ("sender_address: either, when: {sender_words: [x]}", "", ["a@x.example"], True),
    ("sender_address: header, when: {sender_matches: '^a@'}", "a@x.example", ["ba@x.example"], False),
    ("sender_address: header, when: {sender: a@x.example}", "", ["b@x.example, a@x.example"], True),
    ("sender_address: header, when: {sender: a@x.example}", "", ["b@x.example", "a@x.example"], True),
    ("sender_address: header, when: {sender: a@x.example}", "", ['"a@x.example" <b@x.example>'], False),
    ("sender_address: header, when: {sender: a@x.example}", "", ['"x, a@x.example" <b@x.example>'], False),
    ("sender_address: header, when: {sender: a@x.example}", "", [], False),
    (
        "sender_address: header, when: {any: [{not: {sender: a@x.example}}]}",
        "a@x.example",
        ["b@x.example"],
        True,
    ),
    ("sender_address: header, unless: {sender: b@x.example}", "a@x.example", ["b@x.example"], False),
]

# What the directory says of the sender: ann is in sales, cy on the board, and bob's manager is ann.
OF_THE_DIRECTORY = [
    "sender_group: sales",
    "sender_attribute_words: {department: marketing}",
    "sender_attribute_matches: {department: '^sales'}",
    "sender_manager: cy@example.com",
    "same_attribute: department",
    "sender_is: manager",
]


@pytest.mark.parametrize("condition", OF_THE_DIRECTORY)
def test_directory_is_asked_for_the_sender_whom_the_rule_means(written, condition: str):
    ann, other = "ann@example.com", "x@mail.example"
    rules = {
        where: f"sender_address: {where}, when: {{{condition}}}" for where in ("header", "either", "envelope")
    }

    by_author = {where: treated(written, rule, other, f"Ann <{ann}>").sign for where, rule in rules.items()}
    by_envelope = {where: treated(written, rule, ann, other).sign for where, rule in rules.items()}

    assert by_author == {"header": True, "either": True, "envelope": False}
    assert by_envelope == {"header": False, "either": True, "envelope": True}


def test_groups_of_both_sides_are_those_of_the_author_if_the_rule_means_him(written):
    policy = written(
        "rules: [{name: rule, sender_address: header, when: {between_groups: {one: [sales], other: [board]}},"
        " then: {sign: true}}]"
    )
    message = Message((Header(b"From", b" ann@example.com"),), Body.of(b""))
    cy = Recipient("cy@example.com")

    assert policy.decide(message, Envelope("x@mail.example", (cy,), Client()))[cy].sign


def test_without_a_directory_a_rule_about_the_authors_groups_is_refused(tmp_path):
    text = "rules: [{name: r, sender_address: header, when: {sender_group: sales}, then: {sign: true}}]"
    (tmp_path / "10.yaml").write_text(text)

    with pytest.raises(BadInput, match="'sender_group' needs a directory of people"):
        load(Settings(policies=tmp_path), {"smime"})


@pytest.mark.parametrize(("rule", "envelope", "authors", "applies"), CASES)
def test_sender_is_looked_for_where_the_rule_says(written, rule, envelope, authors, applies):
    assert treated(written, rule, envelope, *authors).sign is applies


@pytest.mark.parametrize("author", ["<b@x.example> <a@x.example>", "a@x.example b@x.example"])
def test_malformed_author_cannot_be_judged(written, author: str):
    refused = treated(written, "sender_address: header, when: {sender: a@x.example}", "", author).refusal

    assert refused is not None
    assert refused.cause is Cause.UNINSPECTABLE


def test_malformed_author_who_is_nobody_looked_for_is_no_obstacle(written):
    rule = "sender_address: header, when: {sender: c@x.example}"

    assert treated(written, rule, "", "<b@x.example> <a@x.example>") == Treatment()


def test_scope_of_the_sender_stays_that_of_the_envelope(written):
    rule = "sender_address: header, when: {sender_scope: outside}"

    assert treated(written, rule, "a@x.example", "ann@example.com").sign
