from dataclasses import replace

import pytest

from condition_cases import CASES
from condition_cases.mail import MAIL
from postseal.envelope import Envelope, Recipient
from postseal.policy import sample
from postseal.policy.conditions import CONDITIONS
from postseal.policy.policy import Policy


def holds(policy: Policy, **given: object) -> bool:
    mail = MAIL | given
    message = sample.composed(
        mail["sender"], [mail["to"]], subject=mail["subject"], headers=mail["headers"], body=mail["body"]
    )
    recipients = tuple(map(Recipient, [mail["to"], *mail["others"]]))
    envelope = Envelope(mail["sender"], recipients, mail["client"], smime=mail["smime"])
    policy = replace(policy, clock=lambda: mail["at"])
    return policy.decide(message, envelope)[recipients[0]].rules == ("rule",)


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
    assert sorted(CASES) == sorted(function.__name__ for function in CONDITIONS)
