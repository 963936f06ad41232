"""The folder of broken policies: one mistake in each file, headed by the exact words it must earn."""

import re
from pathlib import Path

import pytest

from postseal.errors import BadInput
from postseal.policy.load import load
from postseal.settings.settings import Settings

BAD = sorted((Path(__file__).parent.parent / "policies" / "bad").iterdir())


def problems(folder: Path) -> list[str]:
    with pytest.raises(BadInput) as raised:
        load(Settings(policies=folder, accepted_domains=("example.com",)), {"plain", "smime"})
    return [str(problem).replace(f"{folder}/", "") for problem in raised.value.problems]


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_bad_policy(tmp_path: Path, file: Path):
    octets = file.read_bytes()
    (tmp_path / file.name).write_bytes(octets)
    expected = re.findall(r"# expect: (.*)\n# hint: (.+)\n", octets.decode("utf-8", "surrogateescape"))

    found = [problem.removeprefix(f"{file.name}:").lstrip() for problem in problems(tmp_path)]

    assert found == [f"{what}\n  hint: {hint}" for what, hint in expected]


def test_missing_folder(tmp_path: Path):
    assert problems(tmp_path / "none") == [
        f"{tmp_path}/none: there is no such folder\n  hint: create it, or correct 'policies:' in the settings"
    ]


def test_folder_without_policies(tmp_path: Path):
    for name in (".10.yaml", "10.yaml~", "10.yaml.bak", "#10.yaml#"):
        (tmp_path / name).write_text("broken")

    (problem,) = problems(tmp_path)

    assert problem.startswith(f"{tmp_path}: there is no policy file in this folder\n  hint: ")


def test_folder_with_the_name_of_a_policy(tmp_path: Path):
    (tmp_path / "10.yaml").mkdir()

    assert problems(tmp_path) == ["10.yaml: this is a directory, not a file\n  hint: name a regular file"]


def test_policy_with_another_suffix_is_not_left_out_in_silence(tmp_path: Path):
    (tmp_path / "10.yaml").write_text("rules: []")
    (tmp_path / "20.yml").write_text("rules: []")

    assert problems(tmp_path) == ["20.yml: a policy file is named *.yaml\n  hint: rename it to 20.yaml"]
