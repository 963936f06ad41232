"""`on_error` as rules and files write it."""

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import Cause
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.remedy import Choice, OnError, Remedy
from postseal.treatment import Treatment

BOB = Recipient("bob@mail.example")


def decided(policy: Policy, **headers: str) -> Treatment:
    message = sample.composed("ann@example.com", [BOB.address], headers=headers, body="/////w==")
    return policy.decide(message, Envelope("ann@example.com", (BOB,), Client(login="ann")))[BOB]


def on_error(written, text: str, *, file: str = "") -> OnError:
    policy = written(f"{file}\nrules: [{{name: a, then: {{protect: smime}}{text}}}]")
    return decided(policy).on_error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param(", on_error: defer", "defer", id="defer"),
        pytest.param(", on_error: reject", "reject", id="reject"),
        pytest.param(", on_error: {reject: No way.}", "{reject: No way.}", id="own-words"),
        pytest.param(
            ", on_error: {reject: {text: No way., status: 5.7.8, code: 554}}", "{reject: No way.}", id="code"
        ),
        pytest.param(
            ", on_error: {no_certificate: reject, crypto: [next, reject], default: defer}",
            "{default: defer, no_certificate: reject, crypto: [next, reject]}",
            id="by-cause",
        ),
        pytest.param(", on_error: {store: next}", "{store: next}", id="next-alone"),
    ],
)
def test_on_error_is_told_as_it_was_written(written, text: str, said: str) -> None:
    found = on_error(written, text)

    pairs = sorted(said.strip("{}").split(", ")), sorted(str(found).strip("{}").split(", "))
    assert pairs[0] == pairs[1]


def test_on_error_of_the_file_holds_where_rules_say_nothing(written) -> None:
    file = "on_error: {internal: reject, default: defer}"

    assert on_error(written, "", file=file) == OnError(
        Remedy(Choice.DEFER), frozenset({(Cause.INTERNAL, Remedy(Choice.REJECT))})
    )
    assert (
        on_error(written, ", on_error: {crypto: reject}", file=file).last(Cause.INTERNAL).choice
        is Choice.REJECT
    )
    assert on_error(written, ", on_error: reject", file=file) == OnError(Remedy(Choice.REJECT))


def test_on_error_of_the_file_is_for_mail_that_no_rule_can_judge(written) -> None:
    policy = written(
        """
        on_error: {uninspectable: {reject: Send it unpacked.}}
        rules: [{name: a, when: {body_words: x}, then: {sign: true}}]
        """
    )

    headers = {"Content-Type": "text/plain; charset=x-none", "Content-Transfer-Encoding": "base64"}
    assert str(decided(policy, **headers).refusal) == "550 5.7.1 Send it unpacked."
