"""Every policy of the tutorial loads, and its examples hold."""

import re
import textwrap
from pathlib import Path

import pytest

from postseal.policy.load import load
from postseal.settings.settings import Settings

TUTORIAL = Path(__file__).parent.parent.parent / "docs" / "policy-tutorial.md"
BLOCKS = [
    textwrap.dedent(block)
    for block in re.findall(r"(?m)((?:^(?: {4}.*)?\n)+)", TUTORIAL.read_text())
    if re.search(r"(?m)^ {4}(?:rules|vars):", block)
]


def test_tutorial_has_policies() -> None:
    assert len(BLOCKS) == 6


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("name: ")[1].split("\n")[0])
def test_policy_of_the_tutorial_is_good(tmp_path: Path, block: str) -> None:
    (tmp_path / "10.yaml").write_text(block)

    policy = load(Settings(policies=tmp_path, accepted_domains=("example.com", "hr.example.com")), {"smime"})

    assert policy.rules
