from dataclasses import replace

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput, Cause, Failure
from postseal.message import Message
from postseal.notice import Include, Kind, Match, Notice, masked
from postseal.people.person import Person
from postseal.policy import sample
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.settings import Settings

BOB, CY = Recipient("bob@mail.example"), Recipient("cy@mail.example")
INSIDE = Client(login="ann")
THEN = "[report: sec@example.com, notify_sender: mind it, notify_recipient: {text: got it, subject: hi}]"


def mail(body: str = "", **headers: str) -> Message:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return sample.composed("ann@example.com", ["bob@mail.example"], subject="hi", headers=given, body=body)


def notices(
    policy: Policy, message: Message | None = None, sender: str = "ann@example.com", client: Client = INSIDE
) -> tuple[Notice, ...]:
    return policy.decide(message or mail(), Envelope(sender, (BOB,), client))[BOB].notices


def kinds(*arguments: object) -> list[str]:
    return [str(notice.kind) for notice in notices(*arguments)]  # type: ignore[arg-type]  # passed on


def test_notices_say_who_is_told_and_why(written):
    policy = written(
        f"""
        rules:
          - name: r
            severity: high
            when: {{body_words: strictly confidential, recipient: [bob@mail.example]}}
            then: {THEN}
        """
    )

    report, sender, recipient = notices(policy, mail("This is Strictly\nConfidential."))

    assert (report.to, sender.to, recipient.to) == ("sec@example.com", "ann@example.com", "bob@mail.example")
    assert (sender.text, recipient.text, recipient.subject) == ("mind it", "got it", "hi")
    assert Include.ORIGINAL not in report.include
    assert {(n.rule, n.mode, n.severity, n.about) for n in (report, sender, recipient)} == {
        ("r", "enforce", "high", ("bob@mail.example",))
    }
    assert report.matches == (
        Match("recipient: [bob@mail.example]"),
        Match("body_words: strictly confidential", ("******** ********tial",)),
    )


@pytest.mark.parametrize(
    ("condition", "message", "found"),
    [
        pytest.param(
            "body_matches: '\\d{4} \\d{4}'",
            mail("1234 5678, 9999 0000"),
            ("**** ***8", "**** ***0"),
            id="body",
        ),
        pytest.param("subject_matches: h.", mail(), ("**",), id="subject"),
        pytest.param("header_words: {X-A: secret}", mail(X_A="Secret"), ("*****t",), id="header"),
        pytest.param("subject_or_body_words: aabbccdd", mail("aabbccdd aabbccdd"), ("*******d",), id="once"),
        pytest.param("size_over: 10", mail(), (), id="no-text"),
    ],
)
def test_matches_are_masked(written, condition: str, message: Message, found: tuple[str, ...]):
    (report,) = notices(
        written(f"rules: [{{name: r, when: {{{condition}}}, then: {{report: s@example.com}}}}]"), message
    )

    assert [match.found for match in report.matches] == [found]


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("4111 1111 1111 1111", "**** **** **** 1111"),
        ("123-45-6789", "***-**-***9"),
        ("pläne", "*****"),
        ("", ""),
    ],
)
def test_masked_shows_too_little_to_be_used(found: str, shown: str):
    assert masked(found) == shown


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("enforce", ["report", "notify_sender", "notify_recipient"]),
        ("audit", ["report"]),
        ("audit_and_notify", ["report", "notify_sender", "notify_recipient"]),
        ("off", []),
    ],
)
def test_mode_says_who_is_told(written, mode: str, expected: list[str]):
    policy = written(f"rules: [{{name: r, mode: {mode}, then: {THEN}}}]")

    assert kinds(policy) == expected


def test_rule_that_does_not_apply_tells_nobody(written):
    policy = written(f"rules: [{{name: r, when: {{subject_words: no}}, then: {THEN}}}]")

    assert kinds(policy) == []


def test_rule_that_cannot_tell_whether_it_applies_tells_nobody(written):
    policy = written(f"rules: [{{name: r, when: {{body_words: no}}, then: {THEN}}}]")

    assert kinds(policy, mail("x" * 3000)) == []


@pytest.mark.parametrize(
    ("message", "sender", "client", "expected"),
    [
        pytest.param(mail(), "ann@example.com", Client(), ["report", "notify_recipient"], id="forged"),
        pytest.param(mail(), "eve@mail.example", Client(), ["report", "notify_recipient"], id="outside"),
        pytest.param(mail(), "", INSIDE, ["report"], id="null-sender"),
        pytest.param(
            mail(Auto_Submitted="auto-replied"), "ann@example.com", INSIDE, ["report"], id="automatic"
        ),
        pytest.param(mail(Precedence="Bulk"), "ann@example.com", INSIDE, ["report"], id="bulk"),
        pytest.param(mail(List_Id="<l.example>"), "ann@example.com", INSIDE, ["report"], id="list"),
        pytest.param(
            mail(Auto_Submitted="no"),
            "ann@example.com",
            INSIDE,
            ["report", "notify_sender", "notify_recipient"],
            id="not-automatic",
        ),
        pytest.param(mail(Auto_Submitted="auto-generated"), "", Client(), [], id="a-notice-that-came-back"),
        pytest.param(
            mail(Auto_Submitted="auto-generated"), "", INSIDE, ["report"], id="no-notice-for-he-logged-in"
        ),
    ],
)
def test_programs_and_strangers_are_not_written_to(
    written, message: Message, sender: str, client: Client, expected: list[str]
):
    assert kinds(written(f"rules: [{{name: r, then: {THEN}}}]"), message, sender, client) == expected


def test_notices_do_not_part_recipients(written):
    policy = written(f"rules: [{{name: r, when: {{recipient: bob@mail.example}}, then: {THEN}}}]")

    treatments = policy.decide(mail(), Envelope("ann@example.com", (BOB, CY), INSIDE))

    assert treatments[BOB] == treatments[CY]
    assert not treatments[CY].notices


def test_rejection_may_be_reported(written):
    policy = written("rules: [{name: r, then: [report: sec@example.com, reject: no]}]")

    treatment = policy.decide(mail(), Envelope("ann@example.com", (BOB,), INSIDE))[BOB]

    assert treatment.refusal
    assert [notice.kind for notice in treatment.notices] == [Kind.REPORT]


@pytest.mark.parametrize(("mode", "holds"), [("enforce", 1), ("audit", 0)])
def test_moderation_holds_and_reports(written, mode: str, holds: int):
    policy = written(f"rules: [{{name: r, mode: {mode}, then: [sign: true, moderate: boss@example.com]}}]")

    treatment = policy.decide(mail(), Envelope("ann@example.com", (BOB,), INSIDE))[BOB]

    assert [hold.rule for hold in treatment.holds] == ["r"] * holds
    assert [(each.kind, each.to, each.rule) for each in treatment.notices] == [
        (Kind.REPORT, "boss@example.com", "r")
    ]


def test_report_of_the_original_may_go_to_accepted_domains_only(written):
    rule = "rules: [{{name: r, then: {{report: {{to: {to}, include: [original]}}}}}}]"

    written(rule.format(to="sec@example.com"))
    with pytest.raises(BadInput, match=r"must not go to <sec@mail\.example>, who is outside"):
        written(rule.format(to="sec@mail.example"))


def test_notices_need_a_listener(tmp_path):
    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: {notify_sender: hello}}]")

    with pytest.raises(BadInput, match="'notify_sender' has no way to send mail"):
        load(Settings(policies=tmp_path, submit_to=""), {"plain"})


def test_explanation_tells_who_would_be_told(written):
    policy = written(f"rules: [{{name: r, then: {THEN}}}]")

    told = str(policy.explain(mail(), Envelope("ann@example.com", (BOB,), INSIDE)))

    assert "plain, report: sec@example.com, notify_sender: ann@example.com, notify_recipient: bob@" in told


@pytest.mark.parametrize(
    ("action", "sender", "told"),
    [
        pytest.param("report: manager", "ann@example.com", ["cy@example.com"], id="manager"),
        pytest.param("report: [s@example.com, manager]", "cy@example.com", ["s@example.com"], id="nobody"),
        pytest.param("moderate: {to: [manager]}", "ann@example.com", ["cy@example.com"], id="moderator"),
    ],
)
def test_manager_of_the_sender_is_told(written, action: str, sender: str, told: list[str]):
    policy = written(f"rules: [{{name: r, then: {{{action}}}}}]")

    assert [each.to for each in notices(policy, sender=sender)] == told


def test_moderator_who_is_nobody_leaves_the_message_held(written):
    policy = written("rules: [{name: r, then: {moderate: manager}}]")
    treatment = policy.decide(mail(), Envelope("cy@example.com", (BOB,), INSIDE))[BOB]

    assert treatment.holds
    assert treatment.notices == ()


def test_manager_outside_does_not_get_the_message_as_it_came(written):
    policy = written("rules: [{name: r, then: {report: {to: manager, include: [subject, original]}}}]")
    (outside,) = notices(replace(policy, site=replace(policy.site, accepted_domains=frozenset())))
    (inside,) = notices(policy)

    assert (outside.outside, outside.include) == (True, (Include.SUBJECT,))
    assert (inside.outside, inside.include) == (False, (Include.SUBJECT, Include.ORIGINAL))


class Down:
    seconds = 5.0

    def find(self, _address: str) -> Person:
        raise Failure(Cause.DIRECTORY, "no answer")


@pytest.mark.parametrize(("mode", "waits"), [("enforce", True), ("audit", False)])
def test_manager_whom_nobody_can_name_keeps_mail_waiting_unless_it_is_an_audit(written, mode, waits):
    policy = written(f"rules: [{{name: r, mode: {mode}, then: {{report: manager}}}}]")
    policy = replace(policy, site=replace(policy.site, people=Down()))
    treatment = policy.decide(mail(), Envelope("ann@example.com", (BOB,), INSIDE))[BOB]

    assert (treatment.refusal is not None) is waits
    assert treatment.notices == ()


def test_manager_needs_a_directory(tmp_path):
    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: {report: manager}}]")

    with pytest.raises(BadInput, match="'report' asks for managers of a directory of people"):
        load(Settings(policies=tmp_path), {"smime"})
