"""`postseal policy`: what would change, and rules of Exchange."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.place import open_directory
from offline_place import Place, place, postseal

EXPORTS = Path(__file__).parent.parent / "policy" / "exchange"


@pytest.fixture
def ours() -> Iterator[Place]:
    with open_directory() as directory:
        yield place(directory)


def folder(ours: Place, name: str, rules: str) -> Path:
    made = ours.directory / name
    made.mkdir()
    (made / "10.yaml").write_text(f"rules: {rules}")
    return made


def test_diff_names_the_messages_that_are_treated_differently(ours: Place) -> None:
    old = folder(ours, "old", "[{name: r, when: {subject_words: seal}, then: {protect: smime}}]")
    new = folder(
        ours,
        "new",
        "[{name: r, when: {subject_words: [seal, hide]}, then: {protect: smime, add_bcc: eve@one.test}}]",
    )
    hide, other, seal = (ours.mail(subject) for subject in ("hide", "other", "seal"))

    done = ours.run("policy", "diff", old, new, hide, other, seal)

    assert done.returncode == 6
    assert done.stdout == (
        f"{hide}: <bob@one.test>\n  - plain\n  + add: [eve@one.test], protect: [smime]\n"
        f"{hide}: <eve@one.test>\n  - gets nothing\n  + protect: [smime]\n"
        f"{seal}: <bob@one.test>\n  - protect: [smime]\n  + add: [eve@one.test], protect: [smime]\n"
        f"{seal}: <eve@one.test>\n  - gets nothing\n  + protect: [smime]\n"
        "2 of 3 messages are treated differently\n"
    )


def test_diff_of_equal_policies_is_silent_about_messages(ours: Place) -> None:
    old, new = (folder(ours, name, "[{name: r, then: {sign: true}}]") for name in ("old", "new"))

    done = ours.run("policy", "diff", old, new, ours.mail("hi"), "--json")

    assert (done.returncode, json.loads(done.stdout)) == (0, {"messages": 1, "differences": []})


def test_diff_judges_with_the_envelope_that_is_given(ours: Place) -> None:
    old = folder(ours, "old", "[]")
    new = folder(ours, "new", "[{name: r, when: {sender_scope: inside}, then: {sign: true}}]")
    mail = ours.mail("hi")

    assert ours.run("policy", "diff", old, new, mail).returncode == 0
    assert ours.run("policy", "diff", old, new, mail, "--auth", "ann").returncode == 6
    assert ours.run("policy", "diff", old, new, mail, "--auth", "ann", "--from", "<>").returncode == 0


def test_diff_of_a_bad_policy_tells_why(ours: Place) -> None:
    done = ours.run("policy", "diff", folder(ours, "old", "[]"), folder(ours, "new", "x"), ours.mail("hi"))

    assert done.returncode == 1
    assert "new/10.yaml:1:8: " in done.stderr


@pytest.mark.parametrize("name", ["rules.json", "rules.xml"])
def test_import_prints_a_policy_that_checks(ours: Place, name: str) -> None:
    done = postseal("policy", "import", EXPORTS / name)

    assert done.returncode == 0
    assert "rules carried over whole\n" in done.stderr
    (ours.daemon.policies / "90-exchange.yaml").write_text(done.stdout)
    ours.daemon.settings_file.write_text(
        ours.daemon.settings_file.read_text().replace("submit_to: none", "submit_to: 127.0.0.1:10027")
    )
    checked = ours.run("check")
    assert checked.returncode == 0, checked.stderr


def test_import_of_something_else_tells_why(ours: Place) -> None:
    done = postseal("policy", "import", ours.mail("hi"))

    assert done.returncode == 1
    assert "this is no export of transport rules" in done.stderr
