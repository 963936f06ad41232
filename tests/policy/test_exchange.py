"""Exports as Exchange's cmdlets write them become policies that load, and nothing is lost in silence."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.policy.exchange import export, translate
from postseal.policy.exchange.translate import Translated
from postseal.policy.load import load
from postseal.policy.policy import Policy
from postseal.policy.rule import Mode
from postseal.settings.settings import Settings
from postseal.treatment import Severity

EXPORTS = Path(__file__).parent / "exchange"


def imported(name: str) -> list[Translated]:
    return translate.translated(export.read((EXPORTS / name).read_bytes(), name), ("smime",))


def loaded(found: list[Translated], folder: Path) -> Policy:
    (folder / "10.yaml").write_text(translate.policy(found))
    return load(Settings(policies=folder, accepted_domains=("example.com",)), {"plain", "smime"})


@pytest.mark.parametrize("name", ["rules.json", "rules.xml"])
def test_what_is_printed_loads(tmp_path: Path, name: str) -> None:
    found = imported(name)

    policy = loaded(found, tmp_path)

    assert [rule.name for rule in policy.rules] == [each.name for each in found if each.rule]
    for rule, each in zip(policy.rules, (each for each in found if each.rule), strict=True):
        assert not each.lost or rule.mode is Mode.OFF


def test_json_rules_in_our_words() -> None:
    drafts, salary, numbers, board, route, long = imported("rules.json")

    assert drafts.rule == {
        "name": "Drafts",
        "when": {"header_words": {"X-Label": "draft"}, "size_over": "10485760"},
        "then": [
            {"add_bcc": "archive@example.com"},
            {
                "disclaimer": {
                    "html": "<p>Sent by %%DisplayName%%</p>",
                    "side": "prepend",
                    "fallback": "ignore",
                }
            },
            {"prepend_subject": "[draft] "},
            {"set_header": {"X-Checked": "yes"}},
            {"remove_header": "X-Label"},
            {
                "report": {
                    "to": "security@example.com",
                    "include": ["sender", "recipients", "matches"],
                }
            },
            {"notify_recipient": "Your mail & %%Subject%%"},
        ],
        "mode": "audit_and_notify",
        "stop": "true",
    }
    assert salary.rule == {
        "name": "Encrypt salary mail",
        "when": {
            "sender_scope": "inside",
            "recipient_scope": "outside",
            "subject_or_body_words": ["salary", "strictly confidential"],
        },
        "unless": {"recipient_domain": "payroll.example"},
        "then": [{"protect": "smime"}],
        "comment": "Asked for by HR, ticket 4711",
        "mode": "enforce",
        "until": "2026-12-31T23:00",
        "severity": "medium",
    }
    assert numbers.rule == {
        "name": "Reject numbers",
        "when": {"subject_matches": [r"^\$secret", r"\bC-\d{4}\b"]},
        "then": [{"reject": {"text": "Not by mail, please.", "status": "5.7.1"}}],
        "mode": "off",
    }
    assert numbers.changed == ["prepend_subject: without effect beside reject"]
    assert board.rule["mode"] == "off"
    assert board.rule["when"] == {"sender_group": "Board", "recipient_scope": "outside"}
    assert "what the directory calls 'Board' is not known" in str(board.rule["comment"])
    assert not route.rule
    assert len(long.name) == 64


def test_rule_that_would_be_wider_is_switched_off_and_told() -> None:
    board = imported("rules.json")[3]

    missing = "what the directory calls 'Board' is not known; say it with --name 'Board=…'"
    assert board.lost == [
        missing,
        "ExceptIfSubjectMatchesPatterns: bad pattern '(?!public).*': invalid perl operator: (?!",
    ]
    assert next(translate.told([board])) == f"rule 'Board mail': {missing} (switched off)"


def test_xml_rules_in_our_words(tmp_path: Path) -> None:
    found = imported("rules.xml")
    demand, large, cards = found

    assert demand.rule["when"] == {"sender_scope": "inside", "subject_words": ["[secure]", "[encrypt]"]}
    assert str(demand.rule["comment"]).startswith("Ann's rule")
    assert large.rule["when"] == {
        "recipient_scope": "outside",
        "attachment_extension": ["iso", "vhd"],
        "attachment_size_over": "26214400",
    }
    assert (large.rule["mode"], large.lost) == ("off", [])
    assert cards.rule["mode"] == "off"
    assert [line.partition(" ")[0] for line in cards.lost] == [
        "MessageContainsDataClassifications:",
        "ModerateMessageByUser:",
    ]
    assert loaded(found, tmp_path).rules[0].severity is Severity.LOW


def test_utf16_as_powershell_writes_it() -> None:
    text = (EXPORTS / "rules.xml").read_text().encode("utf-16")

    assert [rule.name for rule in export.read(text, "x")] == ["Encrypt on demand", "Large mail", "Cards"]


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        pytest.param(b"hello", "x: this is no export of transport rules", id="text"),
        pytest.param(b"[{]", "x:1:3: not JSON: ", id="json"),
        pytest.param(b'[{"a": 1}]', "x: there is an object without a Name", id="other-json"),
        pytest.param(b"<rules><rule></rules>", "x:1:16: not well-formed XML", id="xml"),
        pytest.param(b"<rules/>", "x: there is no commandBlock in this file", id="other-xml"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "x: the XML declares entities", id="entities"
        ),
        pytest.param(b"\xff\xfe\x00", "x: not utf-16: ", id="utf-16"),
        pytest.param(b"<a><commandBlock>Get-It</commandBlock></a>", "x: a command does not", id="command"),
    ],
)
def test_what_is_no_export_is_told(octets: bytes, problem: str) -> None:
    with pytest.raises(BadInput, match=re.escape(problem)):
        export.read(octets, "x")


def test_equal_names_become_different_ones(tmp_path: Path) -> None:
    rules = tuple(export.Exported("same", {"PrependSubject": ("x",)}) for _ in range(3))

    found = translate.translated(rules, ("smime",))

    assert [each.name for each in found] == ["same", "same 2", "same 3"]
    assert len(loaded(found, tmp_path).rules) == 3


@pytest.mark.parametrize(
    "text",
    ["$partners", "yes", "*", "a: b", "# x", "'", '"', "- x", "{x}", "a\nb", "a \n\tb", "ä", "2026-01-01"],
)
def test_text_is_written_so_that_it_is_read_again(tmp_path: Path, text: str) -> None:
    rules = (export.Exported("r", {"SubjectContainsWords": (text, "x"), "PrependSubject": ("p",)}),)

    found = translate.translated(rules, ("smime",))

    assert not found[0].lost
    assert found[0].rule["when"] == {"subject_words": [text, "x"]}
    loaded(found, tmp_path)


@pytest.mark.parametrize(
    ("theirs", "ours", "lost"),
    [
        ("OME Configuration", "default", False),
        ("Sales France!", "sales-france", False),
        ("Sales Japan", None, True),
        ("???", None, True),
    ],
)
def test_customization_template_is_the_branding_of_that_name(
    tmp_path: Path, theirs: str, ours: str | None, lost: bool
) -> None:
    (tmp_path / "brandings").mkdir()
    (tmp_path / "brandings" / "10.yaml").write_text("brandings: {sales-france: {}}")
    given = {"ApplyOME": ("True",), "ApplyRightsProtectionCustomizationTemplate": (theirs,)}
    settings = replace(Settings(), policies=tmp_path)

    (found,) = translate.translated((export.Exported("r", given),), ("smime",), settings=settings)

    assert bool(found.lost) is lost
    then = found.rule["then"] if found.rule else []
    assert isinstance(then, list)
    assert [each["branding"] for each in then if "branding" in each] == ([ours] if ours else [])
