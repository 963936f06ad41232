"""The policies that administrators start from are good, and show every word of the language."""

from pathlib import Path

from postseal.methods.table import PROTECTING
from postseal.policy.actions import ACTIONS
from postseal.policy.conditions import CONDITIONS
from postseal.policy.load import load
from postseal.policy.source import files
from postseal.settings.settings import Settings

FOLDER = Path(__file__).parents[2] / "policies"


def test_shipped_policies_pass_their_examples():
    policy = load(Settings(policies=FOLDER, accepted_domains=("example.com", "hr.example.com")), PROTECTING)

    assert policy.rules
    assert policy.examples >= len(files(FOLDER))


def test_every_action_goes_through_real_postfix():
    text = "".join(file.read_text() for file in (FOLDER.parent / "tests" / "postfix").glob("test_*.py"))

    assert not {function.__name__ for function in ACTIONS if f"{function.__name__}:" not in text}


def test_shipped_policies_show_every_word():
    # A policy that asks for people needs a directory, which nobody has at first.
    shown = [*files(FOLDER), FOLDER.parent / "docs" / "directory.md"]
    text = "".join(file.read_text() for file in shown)

    missing = {f.__name__ for f in (*CONDITIONS, *ACTIONS) if f"{f.__name__}:" not in text}

    assert not missing
