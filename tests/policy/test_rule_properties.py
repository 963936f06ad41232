from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.policy.rule import Mode
from postseal.treatment import Severity, Treatment

BOB = Recipient("bob@mail.example")
ENVELOPE = Envelope("ann@example.com", (BOB,), Client(login="ann"))
MAIL = sample.composed("ann@example.com", ["bob@mail.example"])
HOUR = timedelta(hours=1)


def decided(policy: Policy) -> Treatment:
    return policy.decide(MAIL, ENVELOPE)[BOB]


@pytest.mark.parametrize(
    ("window", "at", "active"),
    [
        pytest.param("from: 2026-12-24", datetime(2026, 12, 23, 23, 59, tzinfo=UTC), False, id="before"),
        pytest.param("from: 2026-12-24", datetime(2026, 12, 24, tzinfo=UTC), True, id="first-moment"),
        pytest.param("until: 2026-12-24", datetime(2026, 12, 24, 23, 59, tzinfo=UTC), True, id="last-day"),
        pytest.param("until: 2026-12-24", datetime(2026, 12, 25, tzinfo=UTC), False, id="after"),
        pytest.param(
            "until: 2026-12-24T18:00", datetime(2026, 12, 24, 18, tzinfo=UTC), False, id="moment-is-the-end"
        ),
        pytest.param(
            "from: 2026-12-24T18:00+01:00",
            datetime(2026, 12, 24, 18, tzinfo=timezone(HOUR)),
            True,
            id="offset",
        ),
        pytest.param(
            "from: 2026-12-24T18:00+01:00", datetime(2026, 12, 24, 16, 59, tzinfo=UTC), False, id="offset-no"
        ),
        pytest.param(
            "from: 2026-12-01, until: 2026-12-31", datetime(2026, 12, 31, 12, tzinfo=UTC), True, id="both"
        ),
    ],
)
def test_window_is_when_the_rule_is_looked_at(written, window: str, at: datetime, active: bool):
    policy = written(f"rules: [{{name: r, {window}, then: {{sign: true}}}}]")
    policy = replace(policy, clock=lambda: at)

    assert decided(policy).sign is active


def test_window_shows_in_the_explanation(written):
    policy = written("rules: [{name: r, until: 2001-01-01, then: {sign: true}}]")

    assert "rule 'r' is not active at this time" in str(policy.explain(MAIL, ENVELOPE))


def test_window_can_be_tried_in_examples(written):
    rule = "rules: [{name: r, from: 2026-12-24, until: 2026-12-26, then: {reject: Merry Christmas}}]"
    mail = "from: ann@example.com, to: bob@mail.example"

    written(f"{rule}\nexamples: [{{{mail}, at: 2026-12-25, expect: reject}}]")
    with pytest.raises(BadInput, match="expected reject, but it is plain"):
        written(f"{rule}\nexamples: [{{{mail}, at: 2026-12-27, expect: reject}}]")


def test_severity_is_the_highest_of_all_rules_that_apply_or_would(written):
    policy = written(
        """
        rules:
          - {name: a, severity: low, then: {sign: true}}
          - {name: b, severity: high, mode: audit, then: {sign: true}}
          - {name: c, severity: medium, then: {set_header: {X: y}}}
          - {name: d, severity: high, when: {subject_words: no}, then: {sign: true}}
        """
    )

    assert decided(policy).severity is Severity.HIGH
    assert decided(written("rules: [{name: a, severity: low, stop: true}]")).severity is Severity.LOW
    assert decided(written("rules: [{name: a, stop: true}]")).severity is Severity.NONE


def test_severity_does_not_part_recipients(written):
    policy = written("rules: [{name: a, severity: low, when: {recipient: bob@mail.example}, stop: true}]")

    assert decided(policy) == Treatment()


def test_comment_may_have_1024_characters(written):
    (rule,) = written(f"rules: [{{name: a, comment: {'x' * 1024}, stop: true}}]").rules

    assert (len(rule.comment), rule.mode) == (1024, Mode.ENFORCE)
