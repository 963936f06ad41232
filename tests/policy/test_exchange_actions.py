"""Exchange's actions about brandings, managers, connectors, sealed mail and overrides, in our words."""

from pathlib import Path

import pytest

from postseal.policy.exchange import export, translate
from postseal.policy.load import load
from postseal.settings.settings import Settings
from postseal.settings.tls import Tls


@pytest.mark.parametrize(
    ("parameters", "then"),
    [
        pytest.param({"RemoveOME": ("True",), "RemoveOMEv2": ("True",)}, [{"unseal": "true"}], id="unseal"),
        pytest.param(
            {"AddManagerAsRecipientType": ("Cc",), "CopyTo": ("a@example.com",)},
            [{"add_cc": ["a@example.com", "manager"]}],
            id="manager",
        ),
        pytest.param({"RouteMessageOutboundConnector": ("To Fax",)}, [{"route": "To Fax"}], id="route"),
        pytest.param(
            {"AddManagerAsRecipientType": ("Redirect",)}, [{"redirect": "manager"}], id="manager-instead"
        ),
        pytest.param(
            {
                "ApplyRightsProtectionTemplate": ("Encrypt",),
                "ApplyRightsProtectionCustomizationTemplate": ("Legal Dept",),
            },
            [{"protect": "ome"}, {"branding": "legal-dept"}],
            id="branding",
        ),
        pytest.param(
            {"ApplyRightsProtectionTemplate": ("Encrypt",)},
            [{"protect": ["smime", "ome"]}],
            id="encrypt-only",
        ),
        pytest.param({"ApplyOME": ("True",)}, [{"protect": ["smime", "ome"]}], id="encrypt"),
        pytest.param(
            {"ApplyRightsProtectionTemplate": ("Do Not Forward",)},
            [{"protect": "ome"}, {"template": "do_not_forward"}],
            id="do-not-forward",
        ),
        pytest.param(
            {"ApplyRightsProtectionTemplate": ("Board Only",)},
            [{"protect": "ome"}, {"template": "board-only"}],
            id="template",
        ),
        pytest.param(
            {"ApplyRightsProtectionCustomizationTemplate": ("OME Configuration",), "PrependSubject": ("x",)},
            [{"branding": "default"}, {"prepend_subject": "x"}],
            id="default-branding",
        ),
    ],
)
def test_actions_in_our_words(
    tmp_path: Path, parameters: dict[str, tuple[str, ...]], then: list[object]
) -> None:
    (tmp_path / "brandings").mkdir()
    (tmp_path / "brandings/1.yaml").write_text("brandings: {legal-dept: {name: Legal}}\n")
    (tmp_path / "templates").mkdir()
    board = "templates: {board-only: {rights: [{anyone: true, grant: viewer}]}}\n"
    (tmp_path / "templates/1.yaml").write_text(board)
    (tmp_path / "connectors").mkdir()
    fax = "outbound: [{name: To Fax, tls: encrypt, smart_host: fax.example.com}]"
    (tmp_path / "connectors/1.yaml").write_text(fax)
    settings = Settings(policies=tmp_path, accepted_domains=("example.com",), tls=Tls(enforced=True))

    (found,) = translate.translated((export.Exported("r", parameters),), ("smime", "ome"), settings=settings)

    assert (found.rule["then"], found.lost) == (then, [])
    if "manager" not in str(then):  # whom nobody knows without a directory of people
        (tmp_path / "10.yaml").write_text(translate.policy([found]))
        load(settings, {"plain", "smime", "ome"})


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        pytest.param(
            {"AddManagerAsRecipientType": ("Owner",)}, "AddManagerAsRecipientType Owner", id="manager"
        ),
        pytest.param(
            {"RouteMessageOutboundConnector": ("To Fax",)},
            "RouteMessageOutboundConnector: there is no connector with a smart host",
            id="route",
        ),
        pytest.param(
            {"ApplyRightsProtectionCustomizationTemplate": ("Sales",)},
            "ApplyRightsProtectionCustomizationTemplate: unknown branding 'sales'",
            id="branding",
        ),
        pytest.param(
            {"ApplyRightsProtectionTemplate": ("Highly Confidential",)},
            "ApplyRightsProtectionTemplate: there is no template 'highly_confidential' in policies/templates",
            id="template",
        ),
    ],
)
def test_action_that_is_not_known_is_told(parameters: dict[str, tuple[str, ...]], told: str) -> None:
    rules = (export.Exported("r", {"PrependSubject": ("x",), **parameters}),)

    (found,) = translate.translated(rules, ("smime", "ome"))

    assert found.rule["mode"] == "off"
    assert found.lost[0].startswith(told)


@pytest.mark.parametrize(
    ("theirs", "ours", "text"),
    [
        (
            "RejectUnlessExplicitOverride",
            "reason",
            "No. To send it all the same, write [override: your reason] in",
        ),
        (
            "RejectUnlessSilentOverride",
            "tag",
            "No. To send it all the same, write [override] in the subject.",
        ),
    ],
)
def test_override_of_a_refusal(tmp_path: Path, theirs: str, ours: str, text: str) -> None:
    given = {"NotifySender": (theirs,), "RejectMessageReasonText": ("No.",)}

    found = translate.translated((export.Exported("r", given),), ("smime",))

    assert (found[0].lost, found[0].rule["override"]) == ([], ours)
    assert str(found[0].rule["then"]).startswith(f"[{{'reject': '{text}")
    (tmp_path / "10.yaml").write_text(translate.policy(found))
    load(Settings(policies=tmp_path, accepted_domains=("example.com",)), {"plain", "smime"})
