"""A directory that does not answer makes mail that cannot be judged, never mail that is judged without it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput, Cause, Failure
from postseal.people.person import NOBODY, Person
from postseal.policy import sample
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.settings.settings import Settings
from postseal.treatment import Treatment

BOB, CY = Recipient("bob@mail.example"), Recipient("cy@example.com")


class Down:
    """A directory that does not answer; *asked*: how often it was asked."""

    seconds = 5.0

    def __init__(self) -> None:
        self.asked = 0

    def find(self, _address: str) -> Person:
        self.asked += 1
        raise Failure(Cause.DIRECTORY, "no answer")


class Slow:
    """A directory of which every answer takes longer than all may take together."""

    seconds = -1.0
    asked = 0

    def find(self, _address: str) -> Person:
        self.asked += 1
        return NOBODY


def written_with_disclaimer(written, text: str) -> Policy:
    return written(f"rules: [{{name: r, then: {{disclaimer: {text}}}}}]")


def test_disclaimer_has_what_the_directory_says_of_the_sender(written):
    text = "{html: '<p>%%attribute:Department%%, %%attribute:city%% %%Email%%%%attribute:none%%</p>'}"
    policy = written_with_disclaimer(written, text)
    message = sample.composed("ann@example.com", [BOB.address])
    (added,) = policy.decide(message, Envelope("ann@example.com", (BOB,), Client()))[BOB].disclaimers

    assert added.html == "<p>Sales and Marketing, Bonn, Köln %%Email%%</p>"
    assert added.text == "Sales and Marketing, Bonn, Köln %%Email%%"


def test_attribute_is_text_in_a_disclaimer_and_no_token(written):
    class Odd:
        seconds = 5.0

        def find(self, _address: str) -> Person:
            return Person(attributes={"title": ("<b>\n%%Email%%",)})

    policy = written_with_disclaimer(
        written, "{html: '<i>%%attribute:title%%</i>', text: '%%attribute:title%%'}"
    )
    (added,) = treated(policy, Odd())[BOB].disclaimers

    assert added.html == "<i>&lt;b&gt; % %Email% %</i>"
    assert added.text == "<b> % %Email% %"


def test_disclaimer_that_the_directory_must_fill_in_waits_for_it(written):
    policy = written_with_disclaimer(written, "'%%attribute:title%%'")
    refused = treated(policy, Down())[BOB].refusal

    assert refused is not None
    assert (refused.cause, refused.code) == (Cause.DIRECTORY, 451)
    assert "rule 'r'" in refused.detail


def test_disclaimer_that_a_directory_must_fill_in_needs_one(tmp_path: Path):
    (tmp_path / "10.yaml").write_text("rules: [{name: r, then: {disclaimer: '%%attribute:title%%'}}]")

    with pytest.raises(BadInput, match="'disclaimer' asks for attributes of a directory of people"):
        load(Settings(policies=tmp_path), {"smime"})


def treated(policy: Policy, people: object, *recipients: Recipient) -> dict[Recipient, Treatment]:
    policy = replace(policy, site=replace(policy.site, people=people))
    message = sample.composed("ann@example.com", [BOB.address])
    return dict(policy.decide(message, Envelope("ann@example.com", recipients or (BOB,), Client())))


@pytest.mark.parametrize(
    "when", ["when: {recipient_group: board}", "unless: {sender_group: board}", "when: {sender_is: manager}"]
)
def test_mail_that_needs_a_directory_that_is_down_is_refused(written, when: str):
    refused = treated(written(f"rules: [{{name: r, {when}, then: {{sign: true}}}}]"), Down())[BOB].refusal

    assert refused is not None
    assert (refused.code, refused.cause) == (451, Cause.DIRECTORY)


def test_mail_that_the_rest_decides_does_not_ask(written):
    down = Down()
    rule = "{name: r, when: {sender_group: board, recipient_domain: x.example}, then: {sign: true}}"

    assert treated(written(f"rules: [{rule}]"), down)[BOB] == Treatment()


def test_answers_for_one_message_take_no_longer_together_than_allowed(written):
    slow = Slow()
    policy = written("rules: [{name: r, when: {recipient_group: board}, then: {sign: true}}]")
    found = treated(policy, slow, BOB, CY)

    assert slow.asked <= 1
    refused = found[CY].refusal
    assert refused is not None
    assert refused.cause is Cause.DIRECTORY


def test_rule_that_needs_a_directory_is_bad_without_one(tmp_path: Path):
    (tmp_path / "10.yaml").write_text(
        "rules: [{name: r, then: {sign: true}, unless: {any: [{not: {recipient_manager: a@x.example}}]}}]"
    )

    with pytest.raises(BadInput, match=r"10\.yaml:1:61: 'recipient_manager' needs a directory of people"):
        load(Settings(policies=tmp_path), {"smime"})


class NoCertificates:
    """A search for certificates that fails."""

    def until(self, _address: str, _at: datetime) -> datetime | None:
        raise Failure(Cause.LOOKUP, "no answer")


@pytest.mark.parametrize("certificates", [None, NoCertificates()])
def test_mail_that_needs_certificates_that_cannot_be_looked_up_is_refused(written, certificates: object):
    policy = written("rules: [{name: r, unless: {recipient_certificate: usable}, then: {sign: true}}]")
    policy = replace(policy, site=replace(policy.site, certificates=certificates))
    message = sample.composed("ann@example.com", [BOB.address])
    refused = policy.decide(message, Envelope("ann@example.com", (BOB,), Client()))[BOB].refusal

    assert refused is not None
    assert refused.cause is Cause.LOOKUP


@pytest.mark.parametrize(
    ("action", "sender", "expected"),
    [
        pytest.param("add_cc: manager", "ann@example.com", ([CY.address], [], [CY.address]), id="cc"),
        pytest.param(
            "add_bcc: [x@mail.example, manager]",
            "ann@example.com",
            (["x@mail.example", CY.address], [], []),
            id="bcc",
        ),
        pytest.param("redirect: manager", "ann@example.com", ([], [CY.address], []), id="redirect"),
        pytest.param("add_to: manager", "cy@example.com", ([], [], []), id="nobody"),
        pytest.param("redirect: manager", "cy@example.com", ([], [], []), id="redirect-to-nobody"),
    ],
)
def test_manager_of_the_sender_gets_the_mail(
    written, action: str, sender: str, expected: tuple[list[str], list[str], list[str]]
):
    policy = written(f"rules: [{{name: r, then: {{{action}}}}}]")
    message = sample.composed(sender, [BOB.address])
    decided = policy.decide(message, Envelope(sender, (BOB,), Client()))
    treatment = decided[BOB]

    of_whom = (treatment.added, treatment.redirected, treatment.headers)
    assert tuple([each.address for each in some] for some in of_whom) == expected
    assert {each.address for each in decided} == {BOB.address, *expected[0], *expected[1]}


@pytest.mark.parametrize("action", ["add_cc: manager", "redirect: manager"])
def test_manager_whom_nobody_can_name_keeps_the_mail_waiting(written, action: str):
    refused = treated(written(f"rules: [{{name: r, then: {{{action}}}}}]"), Down())[BOB].refusal

    assert refused is not None
    assert refused.cause is Cause.DIRECTORY
