import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.policy import sample
from postseal.policy.policy import Policy
from postseal.treatment import AddAddress, Treatment

BOB, CY, EVE = (Recipient(f"{name}@mail.example") for name in ("bob", "cy", "eve"))
MAIL = sample.composed("ann@example.com", ["bob@mail.example"], subject="hi")


def decided(policy: Policy, *recipients: Recipient) -> dict[Recipient, Treatment]:
    return policy.decide(MAIL, Envelope("ann@example.com", recipients or (BOB,), Client(login="ann")))


def leaving(policy: Policy, *recipients: Recipient) -> list[str]:
    """Who gets a copy."""
    return sorted(each.address for each, what in decided(policy, *recipients).items() if what.leaves)


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        pytest.param("add_to: eve@mail.example", (AddAddress("To", "eve@mail.example"),), id="add-to"),
        pytest.param("add_cc: [eve@MAIL.example]", (AddAddress("Cc", "eve@mail.example"),), id="add-cc"),
        pytest.param("add_bcc: eve@mail.example", (), id="add-bcc"),
    ],
)
def test_add_gives_another_recipient_and_names_him_where_it_says(written, action: str, headers: tuple):
    treatments = decided(written(f"rules: [{{name: r, then: {{{action}}}}}]"))

    assert treatments == {BOB: Treatment(headers=headers), EVE: Treatment(headers=headers)}
    assert [(each.address, each.rule) for each in treatments[BOB].added] == [("eve@mail.example", "r")]
    assert treatments[EVE].added == ()


def test_redirect_replaces_the_matching_recipient_only(written):
    policy = written(
        "rules: [{name: r, when: {recipient: bob@mail.example}, then: {redirect: eve@mail.example}}]"
    )

    assert leaving(policy, BOB, CY) == ["cy@mail.example", "eve@mail.example"]


def test_delete_keeps_the_message_from_the_matching_recipient_only(written):
    policy = written(
        """
        rules:
          - {name: r, when: {recipient: bob@mail.example}, then: {delete: true}}
          - {name: later, then: {sign: true}}
        """
    )

    treatments = decided(policy, BOB, CY)

    assert treatments == {BOB: Treatment(deleted=True), CY: Treatment(sign=True)}
    assert not treatments[BOB].leaves
    assert treatments[BOB].rules == ("r",)


def test_added_recipient_is_judged_by_all_rules_as_himself(written):
    policy = written(
        """
        rules:
          - {name: a, when: {recipient: eve@mail.example}, then: {protect: smime}}
          - {name: b, when: {recipient: bob@mail.example}, then: {add_bcc: eve@mail.example}}
          - {name: c, when: {recipient_domain: mail.example}, then: {set_header: {X: y}}}
        """
    )

    treatments = decided(policy)

    assert treatments[BOB].protect == ()
    assert treatments[EVE].protect == ("smime",)
    assert treatments[EVE].rules == ("a", "b", "c")


@pytest.mark.parametrize("word", ["add_bcc", "redirect"])
def test_rule_that_adds_somebody_applies_to_him_too(written, word: str):
    """Who writes `protect` and `redirect` into one rule does not mean that the copy leaves plain."""
    policy = written(
        f"""
        rules:
          - name: r
            when: {{recipient: bob@mail.example}}
            then: [protect: smime, {word}: eve@mail.example]
        """
    )

    assert decided(policy)[EVE].protect == ("smime",)


def test_rules_that_add_one_who_is_there_already_apply_to_him_too(written):
    policy = written(
        """
        rules:
          - name: r
            when: {recipient: bob@mail.example}
            then: [protect: smime, redirect: Eve@mail.example]
        """
    )

    treatments = decided(policy, BOB, Recipient("eve@MAIL.example", ("NOTIFY=NEVER",)))

    assert [each.address for each, what in treatments.items() if what.leaves] == ["eve@MAIL.example"]
    assert treatments[Recipient("eve@MAIL.example", ("NOTIFY=NEVER",))].protect == ("smime",)


def test_two_who_are_redirected_to_each_other_both_get_the_mail(written):
    policy = written(
        """
        rules:
          - {name: a, when: {recipient: bob@mail.example}, then: {redirect: eve@mail.example}}
          - {name: b, when: {recipient: eve@mail.example}, then: {redirect: bob@mail.example}}
        """
    )

    assert leaving(policy, BOB) == ["eve@mail.example"]
    assert leaving(policy, BOB, EVE) == ["bob@mail.example", "eve@mail.example"]


def test_added_recipient_adds_nobody(written):
    policy = written(
        """
        rules:
          - {name: a, when: {recipient: bob@mail.example}, then: {add_bcc: eve@mail.example}}
          - {name: b, when: {recipient: eve@mail.example}, then: {add_bcc: cy@mail.example}}
          - {name: c, when: {recipient: eve@mail.example}, then: {redirect: cy@mail.example}}
        """
    )

    assert leaving(policy, BOB) == ["bob@mail.example", "eve@mail.example"]


def test_rejection_for_one_who_is_added_refuses_the_message(written):
    policy = written(
        """
        rules:
          - {name: a, then: {add_bcc: eve@mail.example}}
          - {name: b, when: {recipient: eve@mail.example}, then: {reject: not to Eve}}
        """
    )

    assert decided(policy)[EVE].refusal


@pytest.mark.parametrize("then", ["{reject: no}", "{delete: true}"])
def test_mail_that_does_not_leave_adds_nobody(written, then: str):
    policy = written(f"rules: [{{name: a, then: {{add_bcc: eve@mail.example}}}}, {{name: b, then: {then}}}]")

    assert list(decided(policy)) == [BOB]


def test_audit_adds_nobody(written):
    assert leaving(
        written("rules: [{name: a, mode: audit, then: [add_bcc: eve@mail.example, redirect: cy@x.example]}]")
    ) == ["bob@mail.example"]


def test_explanation_tells_of_those_who_are_added(written):
    policy = written("rules: [{name: r, then: [redirect: eve@mail.example, add_bcc: cy@mail.example]}]")

    told = str(policy.explain(MAIL, Envelope("ann@example.com", (BOB,), Client(login="ann"))))

    assert "to <bob@mail.example>: redirect: [eve@mail.example], add: [cy@mail.example]\n" in told
    assert "to <eve@mail.example>: plain" in told
    assert "to <cy@mail.example>: plain" in told


RULES = """
rules:
  - {name: a, when: {recipient: bob@mail.example}, then: {redirect: eve@mail.example}}
  - {name: b, when: {recipient: cy@mail.example}, then: {delete: true}}
  - {name: c, when: {recipient: dan@mail.example}, then: {add_bcc: eve@mail.example}}
examples:
"""


@pytest.mark.parametrize(
    "example",
    [
        "to: bob@mail.example, expect: {redirect: eve@mail.example}",
        "to: cy@mail.example, expect: {delete: true}",
        "to: dan@mail.example, expect: {add_bcc: eve@mail.example}",
        "to: dan@mail.example, expect: plain",
        "to: dan@mail.example, expect: {dan@mail.example: plain, eve@mail.example: plain}",
    ],
)
def test_example_of_recipients(written, example: str):
    assert written(f"{RULES}  - {{from: ann@example.com, {example}}}\n").examples == 1


@pytest.mark.parametrize(
    "example",
    [
        "to: bob@mail.example, expect: plain",
        "to: bob@mail.example, expect: {redirect: dan@mail.example}",
        "to: cy@mail.example, expect: plain",
        "to: dan@mail.example, expect: {add_bcc: bob@mail.example}",
        "to: dan@mail.example, expect: {dan@mail.example: plain, eve@mail.example: reject}",
    ],
)
def test_example_of_recipients_that_fails(written, example: str):
    with pytest.raises(BadInput, match="expected"):
        written(f"{RULES}  - {{from: ann@example.com, {example}}}\n")
