"""Rules about people, sensitive information and held mail, as Exchange exports them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.people.load import Directory
from postseal.policy.exchange import export, translate
from postseal.policy.exchange.classification import OURS
from postseal.policy.exchange.translate import Translated
from postseal.policy.load import load
from postseal.policy.rule import Mode
from postseal.policy.sensitive.library import Library
from postseal.settings.settings import Settings

ROOT = Path(__file__).parents[2]
NAMES = {
    "Board": "board",
    "Research": "r&d",
    "sales@example.com": "sales",
    "department": "ou",
    "Manager": "manager",
}


def one(
    parameters: dict[str, object],
    *,
    settings: Settings | None = None,
    names: dict[str, str] | None = None,
) -> Translated:
    """The only rule of an export by Get-TransportRule, which sets everything else to null."""
    rule = {"Name": "r", "State": "Enabled", "Mode": "Enforce", "PrependSubject": "x", "SentTo": None}
    rules = export.read(json.dumps([rule | parameters]).encode("utf-16"), "rules.json")
    (found,) = translate.translated(
        rules, ("smime",), settings=settings, directory=NAMES if names is None else names
    )
    return found


@pytest.mark.parametrize(
    ("parameters", "when"),
    [
        ({"FromMemberOf": ["Board", "research"]}, {"sender_group": ["board", "r&d"]}),
        ({"SentToMemberOf": ["sales@example.com"]}, {"recipient_group": "sales"}),
        ({"AnyOfToHeaderMemberOf": ["Board"]}, {"to_header_group": "board"}),
        ({"AnyOfCcHeaderMemberOf": ["Board"]}, {"cc_header_group": "board"}),
        ({"AnyOfToCcHeaderMemberOf": ["Board"]}, {"to_or_cc_header_group": "board"}),
        (
            {"BetweenMemberOf1": ["Board"], "BetweenMemberOf2": ["Research", "Board"]},
            {"between_groups": {"one": "board", "other": ["r&d", "board"]}},
        ),
        (
            {"SenderADAttributeContainsWords": ["Department:HR,Payroll"]},
            {"sender_attribute_words": {"ou": ["HR", "Payroll"]}},
        ),
        (
            {"RecipientADAttributeMatchesPatterns": ["Department:^Legal"]},
            {"recipient_attribute_matches": {"ou": ["^Legal"]}},
        ),
        ({"SenderManagementRelationship": "DirectReport"}, {"sender_is": "direct_report"}),
        (
            {"ManagerForEvaluatedUser": "Recipient", "ManagerAddresses": ["cy@example.com"]},
            {"all": {"recipient_manager": "cy@example.com"}},
        ),
        (
            {"ManagerForEvaluatedUser": "Sender", "ManagerAddresses": ["cy@example.com"]},
            {"all": {"sender_manager": "cy@example.com"}},
        ),
        (
            {"ADComparisonAttribute": "Department", "ADComparisonOperator": "NotEqual"},
            {"any": {"not": {"same_attribute": "ou"}}},
        ),
        ({"ADComparisonAttribute": "Department"}, {"any": {"same_attribute": "ou"}}),
    ],
    ids=str,
)
def test_rule_about_people_is_carried_over_and_needs_a_directory(
    tmp_path: Path, parameters: dict[str, object], when: dict[str, object]
) -> None:
    found = one(parameters)

    assert (found.lost, found.rule["when"]) == ([], when)
    excepted = one({f"ExceptIf{word}": value for word, value in parameters.items()})
    assert (excepted.lost, excepted.rule["unless"]) == ([], when)
    (tmp_path / "10.yaml").write_text(translate.policy([found]))
    settings = Settings(policies=tmp_path, accepted_domains=("example.com",))
    with pytest.raises(BadInput, match="needs a directory of people"):
        load(settings, {"smime"})
    people = Directory(file=ROOT / "tests" / "policy" / "people.yaml")
    assert load(replace(settings, directory=people), {"smime"}).rules[0].mode is Mode.ENFORCE


def test_classification_that_classify_wrote_is_asked_for_as_a_whole() -> None:
    found = one({"HasClassification": "A+ secret"})

    assert found.lost == []
    assert found.rule["when"] == {"header_matches": {"X-Classification": r"^\s*A\+\ secret\s*$"}}


def test_moderation_by_the_manager_is_carried_over() -> None:
    settings = Settings(policies=ROOT / "policies", held_mail_returns=True)
    found, both, unnamed = (
        one({"ModerateMessageByManager": True}, settings=settings),
        one(
            {"ModerateMessageByManager": True, "ModerateMessageByUser": ["x@example.com"]}, settings=settings
        ),
        one({"ModerateMessageByManager": True}, settings=settings, names={}),
    )

    assert {"moderate": "manager"} in found.rule["then"]
    assert {"moderate": ["x@example.com", "manager"]} in both.rule["then"]
    assert (found.lost, both.lost) == ([], [])
    assert "what the directory calls 'Manager' is not known" in unnamed.lost[0]


def test_disclaimer_with_attributes_of_the_sender_is_carried_over() -> None:
    text = {"ApplyHtmlDisclaimerText": "<p>%%DisplayName%%, %%Department%%</p>"}

    found, unnamed = one(text), one(text, names={})

    assert found.lost == []
    (disclaimer,) = (action["disclaimer"] for action in found.rule["then"] if "disclaimer" in action)
    assert disclaimer["html"] == "<p>%%DisplayName%%, %%attribute:ou%%</p>"
    assert "what the directory calls 'Department' is not known" in unnamed.lost[0]


@pytest.mark.parametrize(
    ("location", "ours", "changed"),
    [(None, "header", []), ("Header", "header", []), ("Envelope", "envelope", ["SenderAddressLocation"])],
)
def test_sender_of_a_rule_about_people_is_the_author(location, ours: str, changed: list[str]) -> None:
    found = one({"SenderADAttributeContainsWords": ["Department:HR"], "SenderAddressLocation": location})

    assert found.rule["sender_address"] == ours
    assert [word for word in changed if word not in "".join(found.changed)] == []
    assert len(found.changed) == len(changed)


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [
        ({"FromMemberOf": ["Board"]}, "Board"),
        ({"ExceptIfSentToMemberOf": ["Board"]}, "Board"),
        ({"BetweenMemberOf1": ["Board"], "BetweenMemberOf2": ["Board"]}, "Board"),
        ({"RecipientADAttributeContainsWords": ["City:Bonn"]}, "City"),
        ({"ExceptIfSenderManagementRelationship": "Manager"}, "Manager"),
    ],
    ids=str,
)
def test_rule_about_people_nobody_has_vouched_for_is_switched_off(
    tmp_path: Path, parameters: dict[str, object], missing: str
) -> None:
    found = one(parameters, names={})

    assert found.lost == [
        f"what the directory calls '{missing}' is not known; say it with --name '{missing}=…'"
    ]
    assert found.rule["mode"] == "off"
    (tmp_path / "10.yaml").write_text(translate.policy([found]))
    assert load(Settings(policies=tmp_path), {"smime"}).rules[0].mode is Mode.OFF


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"BetweenMemberOf1": ["Board"]}, "the groups of the other side are missing"),
        ({"SenderADAttributeContainsWords": ["Department"]}, "names no attribute with its values"),
        ({"SenderADAttributeMatchesPatterns": [r"Department:\\d{2,3}"]}, "a pattern has a comma in it"),
        ({"ManagerAddresses": ["cy@example.com"]}, "does not say whose manager it is"),
        ({"ManagerForEvaluatedUser": "Sender", "ManagerAddresses": ["Cy"]}, "ManagerAddresses: "),
        ({"MessageContainsDataClassifications": [{"name": "Unicorns", "minCount": "1"}]}, "'Unicorns'"),
        ({"MessageContainsDataClassifications": ["Credit Card Number"]}, "is no type with its counts"),
        (
            {"MessageContainsDataClassifications": [{"name": "SWIFT Code", "confidenceLevel": "High"}]},
            "'confidencelevel' has no counterpart",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_meant_exactly_switches_the_rule_off(parameters: dict[str, object], why: str) -> None:
    found = one(parameters, settings=Settings(policies=ROOT / "policies"))

    assert why in found.lost[0]
    assert found.rule["mode"] == "off"


def test_sensitive_types_keep_their_bounds() -> None:
    asked = [
        {
            "name": "Credit Card Number",
            "minCount": "10",
            "maxCount": "-1",
            "minConfidence": "85",
            "id": "50842eb7",
        },
        {"Name": "U.S. Social Security Number (SSN)", "minCount": 2, "maxCount": 9, "maxConfidence": "100"},
    ]

    found = one({"MessageContainsDataClassifications": asked}, settings=Settings(policies=ROOT / "policies"))

    assert found.lost == []
    assert found.rule["when"] == {
        "sensitive": [
            {"type": "credit_card", "at_least": "10", "confidence": "85"},
            {"type": "us_ssn", "at_least": "2", "at_most": "9"},
        ]
    }


def test_every_type_of_the_table_is_one_of_ours() -> None:
    assert set(OURS.values()) <= set(Library(ROOT / "policies" / "types"))


def test_hash_tables_of_a_collection_keep_their_bounds() -> None:
    rules = export.read((ROOT / "tests/policy/exchange/rules.xml").read_bytes(), "rules.xml")
    settings = Settings(policies=ROOT / "policies", held_mail_returns=True)

    cards = translate.translated(rules, ("smime",), settings=settings)[2]

    assert cards.lost == []
    assert cards.rule["when"] == {
        "recipient_scope": "outside",
        "sensitive": [{"type": "credit_card", "at_least": "1"}],
    }
    assert {"moderate": "boss@example.com"} in cards.rule["then"]  # type: ignore[operator]


@pytest.mark.parametrize(
    "parameters", [{"Quarantine": True}, {"ModerateMessageByUser": ["boss@example.com"]}]
)
def test_mail_is_held_only_where_it_comes_back(parameters: dict[str, object]) -> None:
    assert one(parameters, settings=Settings(held_mail_returns=True)).lost == []
    found = one(parameters, settings=Settings())

    assert "mail cannot be held here" in found.lost[0]
    assert found.rule["mode"] == "off"
