"""The index leaves out only rules that say no; `explain`, which asks every rule, is the judge."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from condition_cases.attachment import attached, locked, zipped
from mailstrategies import ENVELOPES, MESSAGES
from postseal import document
from postseal.binding import Reader
from postseal.content.process import Pool
from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.message import Message
from postseal.policy import content, pattern, sample
from postseal.policy.index import Index
from postseal.policy.mail import Mail, Site, Transaction
from postseal.policy.policy import Policy
from postseal.policy.rule import rule

SITE = Site(accepted_domains=frozenset({"a.example"}), inspect_bytes=500)


def policy_of(rules: list[str]) -> Policy:
    node = document.parse("\n".join(f"- {rule}" for rule in rules).encode(), "test")
    assert isinstance(node, document.Sequence)
    read = tuple(rule(item, Reader({"method": {"smime"}})) for item in node.items)
    return Policy(read, SITE, "", Index(read))


def asked(policy: Policy, mail: Mail) -> list[int]:
    return list(policy.index.lookup(mail.transaction).numbers(mail))


CONDITIONS = st.sampled_from(
    [
        *(
            "authenticated: true",
            "authenticated: false",
            "sender: ['<>', b@b.example]",
        ),
        *("sender_domain: a.example", "sender_domain: [example, b.example]", "sender_scope: inside"),
        *("recipient: b@b.example", "recipient: [a@a.example, x@xn--a.example]", "recipient_domain: example"),
        *("recipient_domain: b.example", "recipient_scope: inside", "recipient_scope: outside"),
        *("size_over: 100", "size_over: 300", "subject_words: [a, secret]", "subject_words: é"),
        *("subject_matches: '^$'", "subject_matches: '[a-f]'", "header_words: {X: a, Received: secret}"),
        *("header_words: {Subject: a}", "header_matches: {X: '^$'}", "header_matches: {X: b, subject: a}"),
        *("encrypted: true", "encrypted: false", "body_words: secret", "body_words: [a, b]"),
        *("body_matches: '^$'", "body_matches: '[ab]'", "subject_or_body_words: secret"),
        "subject_or_body_matches: 'sec|\\d'",
        *("attachment_words: [a, secret]", "attachment_matches: 'sec|^$'", "attachment_name_words: note"),
        *("attachment_name_matches: '^a'", "attachment_extension: [txt, gz]", "attachment_type: 'text/*'"),
        *("has_attachment: true", "attachment_unsupported: true"),
    ]
)
FILES = {
    "note.txt": b"a secret of b",
    "a.gz": gzip.compress(b"secret"),
    "a.zip": zipped(note_txt=b"a"),
    "locked.zip": locked(),
    "data.dat": b"\0\1\2",
}
ATTACHED = st.sampled_from(sorted(FILES)).map(
    lambda name: sample.composed("a@a.example", ["b@b.example"], **attached(name, FILES[name]))
)
CLAUSES = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not: {{{one}}}"),
        st.tuples(st.sampled_from(["any", "all"]), st.lists(inner, min_size=1, max_size=3)).map(
            lambda pair: f"{pair[0]}: [{', '.join(f'{{{one}}}' for one in pair[1])}]"
        ),
    ),
    max_leaves=5,
)
ACTIONS = st.sampled_from(
    [
        "sign: true",
        "protect: smime",
        "add_to: c@b.example",
        "redirect: c@a.example",
        "delete: true",
        "add_header: {X-Y: 'y'}",
        "reject: no",
    ]
)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[str]:
    rules = []
    for number in range(draw(st.integers(1, 8))):
        keys = draw(st.sampled_from([("when",), ("unless",), ("when", "unless"), ("when",), ()]))
        parts = [
            f"name: r{number}",
            f"then: {{{draw(ACTIONS)}}}",
            *(f"{key}: {{{draw(CLAUSES)}}}" for key in keys),
            f"mode: {draw(st.sampled_from(['enforce', 'enforce', 'audit', 'off']))}",
            f"stop: {draw(st.sampled_from(['false', 'false', 'true']))}",
            f"on_error: {draw(st.sampled_from(['defer', 'reject']))}",
        ]
        rules.append(f"{{{', '.join(parts)}}}")
    return rules


@given(rules=rule_sets(), mails=st.lists(st.tuples(MESSAGES | ATTACHED, ENVELOPES), min_size=1, max_size=5))
@settings(max_examples=200, deadline=None)
def test_indexed_and_naive_evaluation_agree(rules: list[str], mails: list[tuple[Message, Envelope]]):
    policy = policy_of(rules)

    for message, envelope in mails:
        decided = policy.decide(message, envelope)
        for line in policy.explain(message, envelope).lines:
            treatment = decided[line.recipient]
            assert treatment == line.treatment
            assert (treatment.rules, treatment.audited) == (line.treatment.rules, line.treatment.audited)
            assert str(treatment.refusal) == str(line.treatment.refusal)


def mail(*, sender: str = "ann@a.example", to: str = "bob@b.example", **given: object) -> Mail:
    recipient = Recipient(to)
    envelope = Envelope(sender, (recipient,), Client(login="ann"))
    return Mail(Transaction(sample.composed(sender, [to], **given), envelope, SITE), recipient)


def test_few_of_many_rules_are_asked():
    policy = policy_of(
        [f"{{name: s{n}, when: {{sender_domain: s{n}.example}}, then: {{sign: true}}}}" for n in range(200)]
        + [f"{{name: w{n}, when: {{body_words: w{n}}}, then: {{sign: true}}}}" for n in range(200)]
        + [f"{{name: u{n}, when: {{subject_words: u{n}}}, then: {{sign: true}}}}" for n in range(200)]
        + [
            f"{{name: h{n}, when: {{header_words: {{X-{n % 9}: h{n}}}}}, then: {{sign: true}}}}"
            for n in range(200)
        ]
    )

    shown = mail(sender="ann@sub.s3.example", subject="u5", body="w7", headers={"X-2": "h11 h12"})
    assert asked(policy, shown) == [3, 207, 405, 611]


def test_rule_is_filed_under_what_it_shares_with_the_fewest():
    policy = policy_of(
        [
            f"{{name: r{n}, when: {{sender_domain: a.example, recipient_domain: r{n}.example}}, "
            "then: {sign: true}}"
            for n in range(50)
        ]
    )

    assert asked(policy, mail(to="bob@r7.example")) == [7]


def test_rule_with_alternatives_is_filed_under_each():
    policy = policy_of(
        [
            "{name: r, when: {any: [{sender: x@x.example}, {body_words: secret}]}, then: {sign: true}}",
            "{name: s, when: {any: [{sender: x@x.example}, {not: {body_words: a}}]}, then: {sign: true}}",
        ]
    )

    assert asked(policy, mail(sender="x@x.example", body="secret a")) == [0, 1]
    assert asked(policy, mail(body="secret")) == [0, 1]
    assert asked(policy, mail(body="a")) == []


def test_rule_whose_text_cannot_be_seen_is_asked():
    policy = policy_of(["{name: r, when: {body_words: secret}, then: {sign: true}}"])

    assert asked(policy, mail(body="x" * 3000)) == [0]


def test_few_of_many_rules_about_files_are_asked():
    policy = policy_of(
        [f"{{name: w{n}, when: {{attachment_words: w{n}}}, then: {{sign: true}}}}" for n in range(50)]
        + [f"{{name: m{n}, when: {{attachment_matches: 'm{n}x'}}, then: {{sign: true}}}}" for n in range(50)]
        + [f"{{name: n{n}, when: {{attachment_name_words: n{n}}}, then: {{sign: true}}}}" for n in range(50)]
        + [f"{{name: e{n}, when: {{attachment_extension: e{n}}}, then: {{sign: true}}}}" for n in range(50)]
        + [f"{{name: t{n}, when: {{attachment_type: text/t{n}}}, then: {{sign: true}}}}" for n in range(50)]
        + ["{name: t, when: {attachment_type: text/plain}, then: {sign: true}}"]
    )

    assert asked(policy, mail(**attached("n3.e5", b"w7 am11x"))) == [7, 61, 103, 155, 250]
    assert asked(policy, mail(body="w7 am11x")) == []
    assert asked(policy, mail(**attached("x.zip", zipped(n4_txt=b"w9")))) == [9, 104, 250]


def test_rules_about_files_that_cannot_be_read_are_asked():
    policy = policy_of(
        [f"{{name: w{n}, when: {{attachment_words: w{n}}}, then: {{sign: true}}}}" for n in range(3)]
    )

    assert asked(policy, mail(**attached("x.zip", locked()))) == [0, 1, 2]


@pytest.mark.parametrize(
    "rule",
    [
        "when: {recipient_scope: inside, attachment_words: secret}",
        "when: {attachment_extension: docx}, unless: {recipient_scope: outside}",
        "when: {all: [{attachment_name_words: secret}, {size_over: 1M}]}",
        "when: {sender_domain: [b.example, example.org], attachment_type: text/plain}",
        "when: {any: [{sender: x@x.example}, {attachment_words: a}], subject_words: secret}",
    ],
)
def test_files_are_not_opened_for_rules_that_something_cheaper_rules_out(monkeypatch, rule: str):
    def inspect(*_arguments: object, **_named: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr(Pool, "inspect", inspect)
    policy = policy_of([f"{{name: r{n}, {rule}, then: {{sign: true}}}}" for n in range(3)])

    assert asked(policy, mail(**attached("x.dat", b"\0\1"))) == []


def test_guard_is_asked_for_each_recipient():
    policy = policy_of(
        ["{name: r, when: {recipient_scope: inside, attachment_words: secret}, then: {sign: true}}"]
    )
    shown = mail(**attached("x.txt", b"secret"))
    mails = [Mail(shown.transaction, Recipient(each)) for each in ("b@b.example", "a@a.example")]
    lookup = policy.index.lookup(shown.transaction)

    assert [list(lookup.numbers(each)) for each in mails] == [[], [0]]


@pytest.mark.parametrize("first", ["stop: true, then: {sign: true}", "then: {reject: no}"])
def test_nothing_is_decoded_behind_a_rule_that_ends_the_list(monkeypatch, first: str):
    def text(*_arguments: object) -> bytes:
        raise AssertionError("the body was looked at")

    monkeypatch.setattr(content, "text", text)
    policy = policy_of(
        [
            f"{{name: a, when: {{sender: ann@a.example}}, {first}}}",
            "{name: b, when: {body_words: secret}, then: {sign: true}}",
        ]
    )
    shown = mail()

    assert policy.decide(shown.transaction.message, shown.transaction.envelope)[shown.recipient].rules == (
        "a",
    )


def test_question_of_many_rules_is_asked_once(monkeypatch):
    policy = policy_of(
        [f"{{name: r{n}, when: {{encrypted: true}}, then: {{sign: true}}}}" for n in range(50)]
    )
    calls: list[Message] = []
    monkeypatch.setattr("postseal.policy.encryption.encrypted", lambda message: calls.append(message) or True)

    assert len(asked(policy, mail())) == 50
    assert len(calls) == 1


def test_list_too_large_for_one_automaton_is_a_problem_when_it_is_read(monkeypatch):
    monkeypatch.setattr(pattern, "MEMORY", 1 << 17)
    words = ", ".join(f"word{number}é" for number in range(3000))

    with pytest.raises(BadInput, match="the list cannot be matched"):
        policy_of([f"{{name: r, then: {{sign: true}}, when: {{body_words: [{words}]}}}}"])
