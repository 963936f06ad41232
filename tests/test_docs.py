"""What the documentation says is what the code does."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

from postseal.branding.written import reference
from postseal.errors import Place
from postseal.methods.table import PROTECTING
from postseal.policy import templates
from postseal.policy.load import load as load_policy
from postseal.policy.manual import manual
from postseal.settings.admin import Admin
from postseal.settings.ome import Ome, Transit
from postseal.settings.portal import Portal
from postseal.settings.settings import Settings, load
from postseal.settings.sign_in import Provider, SignIn
from postseal.settings.smime import Ldap, Lookup
from postseal.settings.sms import Sms

HOUSE = Path(__file__).parent.parent
DOCUMENTS = sorted([*HOUSE.glob("*.md"), *HOUSE.glob("docs/*.md"), *HOUSE.glob("contrib/**/*.md")])


def test_policies_page_is_what_check_list_prints() -> None:
    assert (HOUSE / "docs/policies.md").read_text() == manual() + "\n", (
        "postseal check --list > docs/policies.md"
    )


def test_branding_page_ends_with_the_keys_of_the_code() -> None:
    page = (HOUSE / "docs/branding.md").read_text()

    assert page.endswith(f"as in `default`.\n\n{reference()}")


def test_rights_page_ends_with_the_keys_of_the_code() -> None:
    assert (
        (HOUSE / "docs/rights.md")
        .read_text()
        .endswith(f"What a template may say:\n\n{templates.reference()}")
    )


def test_settings_example_holds_every_setting_with_its_default() -> None:
    settings = load(HOUSE / "contrib/postseal.yaml")

    chosen = {"accepted_domains", "listen", "smime"}
    default = Settings()
    for field in dataclasses.fields(Settings):
        word = field.metadata.get("word", field.name)
        assert re.search(rf"(?m)^{word}:", (HOUSE / "contrib/postseal.yaml").read_text()), word
        if field.name not in chosen:
            assert getattr(settings, field.name) == getattr(default, field.name), field.name
    text = (HOUSE / "contrib/postseal.yaml").read_text()
    for group in (
        default.listen,
        default.limits,
        default.extraction,
        default.authentication,
        default.smime,
        default.guard,
        default.tls,
    ):
        for field in dataclasses.fields(group):
            word = field.metadata.get("word", field.name)
            assert re.search(rf"(?m)^  {word}:", text), field.name
    kinds = (
        *((Lookup, " {4}#?"), (Ldap, " {4}#  "), (Ome, "  #?"), (Transit, "  #  ")),
        *((Portal, "  #?"), (Admin, "  #?"), (SignIn, "  #?"), (Sms, "  #  "), (Provider, "  #  (- |  )")),
    )
    for kind, margin in kinds:
        for field in dataclasses.fields(kind):
            if field.type is Place:
                continue
            assert re.search(rf"(?m)^{margin}{field.name}:", text), field.name


def test_settings_example_and_shipped_policies_are_good_together() -> None:
    settings = dataclasses.replace(load(HOUSE / "contrib/postseal.yaml"), policies=HOUSE / "policies")

    assert load_policy(settings, PROTECTING).rules


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(HOUSE)))
def test_documents_link_to_files_that_exist(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


def test_commands_in_documents_exist() -> None:
    known = subprocess.run(
        [sys.executable, "-m", "postseal", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for document in DOCUMENTS:
        for command in re.findall(r"`postseal ([a-z]+)", document.read_text()):
            assert re.search(rf"(?m)^  {command} ", known), f"{document.name}: postseal {command}"
