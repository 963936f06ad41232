import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.policy import sample
from postseal.policy.conditions import CONDITIONS
from postseal.policy.policy import Policy

ANN, BOB = "ann@example.com", "bob@mail.example"
LOGIN = Client("198.51.100.1", login="ann")
MAIL = {
    "sender": ANN,
    "to": BOB,
    "client": LOGIN,
    "subject": "",
    "headers": {},
    "body": "",
}
ENVELOPED = {
    "headers": {"Content-Type": "application/pkcs7-mime", "Content-Transfer-Encoding": "base64"},
    "body": "MIAGCSqGSIb3DQEHA6CA",
}


def holds(policy: Policy, **given: object) -> bool:
    mail = MAIL | given
    message = sample.composed(
        mail["sender"], [mail["to"]], subject=mail["subject"], headers=mail["headers"], body=mail["body"]
    )
    recipient = Recipient(mail["to"])
    envelope = Envelope(mail["sender"], (recipient,), mail["client"])
    return policy.decide(message, envelope)[recipient].rules == ("rule",)


CASES = {
    "authenticated": [
        ("true", {}, {"client": Client("192.0.2.1")}),
        ("false", {"client": Client(login="")}, {}),
    ],
    "sender": [
        (
            "[ann@EXAMPLE.com, cy@example.com]",
            {"sender": "Ann@example.com"},
            {"sender": "ann@sub.example.com"},
        ),
        ("<>", {"sender": ""}, {}),
        ("ann@BÜCHER.example", {"sender": "ann@xn--bcher-kva.example"}, {"sender": "ann@bucher.example"}),
    ],
    "sender_domain": [
        ("example.com", {"sender": "x@a.b.Example.COM"}, {"sender": "x@badexample.com"}),
        ("[example.net, example.com.]", {}, {"sender": ""}),
        ("com", {}, {"sender": "com"}),
        ("xn--bcher-kva.example", {"sender": "a@bücher.example"}, {"sender": "a@example"}),
    ],
    "sender_scope": [
        ("inside", {}, {"client": Client("198.51.100.1")}),
        ("inside", {"client": Client("192.0.2.9")}, {"sender": "ann@sub.example.com"}),
        ("inside", {"client": Client("::ffff:192.0.2.9")}, {"sender": ""}),
        ("outside", {"client": Client()}, {}),
        ("outside", {"sender": BOB}, {"client": Client("192.0.2.9")}),
    ],
    "recipient": [("bob@mail.example", {"to": "BOB@mail.example"}, {"to": "rob@mail.example"})],
    "recipient_domain": [
        ("mail.example", {"to": "bob@mx.mail.example"}, {"to": "bob@xmail.example"}),
        ("[a.example, example]", {}, {"to": "bob@example.com"}),
    ],
    "recipient_scope": [
        ("inside", {"to": "cy@EXAMPLE.com"}, {}),
        ("outside", {"to": "cy@sub.example.com"}, {"to": "cy@bücher.example"}),
        ("outside", {"to": "postmaster"}, {"to": "cy@example.com."}),
    ],
    "size_over": [
        ("10k", {"body": "x" * 10240}, {"body": "x" * 9000}),
    ],
    "subject_words": [
        ("secret", {"subject": "Re: SECRET!"}, {"subject": "secretary"}),
        ("[none, top  secret]", {"subject": "a top secret b"}, {"subject": "secret top"}),
        ("'[secure]'", {"subject": "[Secure]now"}, {"subject": "secure"}),
        ("c*t", {"subject": "(c*t)"}, {"subject": "cat"}),
        ("größe", {"subject": "=?iso-8859-1?q?GR=D6=DFE?="}, {"subject": "große"}),
        ("geheim", {"subject": "=?utf-8?b?Z2Vo?= =?utf-8?q?eim?="}, {"subject": "=?idna?q?geh?= eim"}),
        ("secret", {"subject": "s\u200be\u00adcret"}, {"subject": "s ecret"}),
        ("secret", {"subject": "ｓｅｃｒｅｔ"}, {"subject": ""}),
    ],
    "subject_matches": [
        (r"'\bA-\d{3}\b'", {"subject": "re a-123."}, {"subject": "A-1234"}),
        ("[x, '^$']", {"headers": {"Subject": ""}}, {"subject": "A"}),
        ("'(?-i)ABC'", {"subject": "xABCx"}, {"subject": "abc"}),
    ],
    "header_words": [
        ("{x-class: [secret]}", {"headers": {"X-Class": "very Secret"}}, {"headers": {"X-Other": "secret"}}),
        ("{a: x, b: [y]}", {"headers": {"B": "y"}}, {"headers": {"A": "y"}}),
        ("{From: ann}", {}, {"headers": {"From": "annabel"}}),
    ],
    "header_matches": [
        (
            r"{List-Id: '\.example>$'}",
            {"headers": {"List-ID": "<a.example>"}},
            {"headers": {"List-Id": "<a>"}},
        ),
        ("{X-None: '^$'}", {"headers": {"X-None": ""}}, {}),
    ],
    "encrypted": [
        ("true", ENVELOPED, {}),
        ("false", {}, ENVELOPED),
        ("true", ENVELOPED, ENVELOPED | {"body": "MIAGCSqGSIb3DQEHAqCA"}),
        ("true", ENVELOPED, ENVELOPED | {"body": "c2VjcmV0"}),
    ],
    "body_words": [
        ("project x", {"body": "the Project\nX!"}, {"body": "project xy"}),
        ("größe", {"body": "die GRÖßE."}, {"body": "größer"}),
        ("secret", {"body": "secret"}, {"subject": "secret"}),
    ],
    "body_matches": [(r"'\d{4} \d{4}'", {"body": "1234 5678"}, {"body": "1234  5678"})],
    "subject_or_body_words": [
        ("secret", {"subject": "secret"}, {"subject": "sec", "body": "ret"}),
        ("secret", {"body": "secret"}, {"body": "secre t"}),
    ],
    "subject_or_body_matches": [
        ("a.c", {"subject": "abc"}, {"subject": "a", "body": "c"}),
        ("a.c", {"body": "abc"}, {"body": "ac"}),
    ],
}
TABLE = [
    pytest.param(word, *case, id=f"{word}-{number}")
    for word, cases in CASES.items()
    for number, case in enumerate(cases)
]


@pytest.mark.parametrize(("word", "value", "matching", "other"), TABLE)
def test_condition(written, word: str, value: str, matching: dict[str, object], other: dict[str, object]):
    policy = written(f"rules: [{{name: rule, when: {{{word}: {value}}}, then: {{sign: true}}}}]")

    assert holds(policy, **matching)
    assert not holds(policy, **other)


@pytest.mark.parametrize(("word", "value", "matching", "other"), TABLE)
def test_condition_as_exception(
    written, word: str, value: str, matching: dict[str, object], other: dict[str, object]
):
    policy = written(f"rules: [{{name: rule, unless: {{{word}: {value}}}, then: {{sign: true}}}}]")

    assert not holds(policy, **matching)
    assert holds(policy, **other)


def test_every_condition_is_in_the_table():
    assert list(CASES) == [function.__name__ for function in CONDITIONS]
