"""Files, what they include, and their variables."""

from collections.abc import Callable
from pathlib import Path

import pytest

from postseal.envelope import Client, Envelope, Recipient
from postseal.errors import BadInput
from postseal.policy import sample
from postseal.policy.policy import Policy

BOB = Recipient("bob@partner.example")


def rules(policy: Policy, subject: str = "hi") -> tuple[str, ...]:
    """The rules that apply to a mail from ann@example.com to Bob."""
    message = sample.composed("ann@example.com", [BOB.address], subject=subject)
    return policy.decide(message, Envelope("ann@example.com", (BOB,), Client(login="ann")))[BOB].rules


def test_variable_stands_for_a_value_and_in_lists(written: Callable[[str], Policy]) -> None:
    policy = written(
        """
        vars:
          partners: [partner.example, other.example]
          tag: '[secure]'
        rules:
          - {name: value, when: {recipient_domain: $partners}, stop: false, then: {sign: true}}
          - {name: list, when: {recipient_domain: [x.example, $partners]}, then: {sign: true}}
          - {name: text, when: {subject_words: $tag}, then: {strip_subject: [$tag]}}
          - {name: quoted, when: {subject_words: '$tag'}, then: {sign: true}}
        """
    )

    assert rules(policy) == ("value", "list")
    assert rules(policy, "[secure] hi") == ("value", "list", "text")
    assert rules(policy, "a $tag") == ("value", "list", "quoted")


def test_variable_of_one_file_is_known_in_all(written: Callable[[str], Policy], tmp_path: Path) -> None:
    (tmp_path / "90.yaml").write_text("vars: {partners: partner.example}")

    assert rules(written("rules: [{name: r, when: {recipient_domain: $partners}, then: {sign: true}}]")) == (
        "r",
    )


def test_list_is_read_from_a_text_file(written: Callable[[str], Policy], tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "partners.txt").write_text("# ours\n\n  other.example  \npartner.example\r\n")

    policy = written(
        """
        lists: {partners: lists/partners.txt}
        rules: [{name: r, when: {recipient_domain: $partners}, then: {sign: true}}]
        """
    )

    assert rules(policy) == ("r",)


def test_mistake_in_a_list_is_told_with_its_line(written: Callable[[str], Policy], tmp_path: Path) -> None:
    (tmp_path / "partners.txt").write_text("partner.example\n\n  bob@other.example\n")

    with pytest.raises(BadInput) as raised:
        written(
            "lists: {p: partners.txt}\nrules: [{name: r, when: {recipient_domain: $p}, then: {sign: true}}]"
        )

    (problem,) = raised.value.problems
    assert str(problem.place) == f"{tmp_path}/partners.txt:3:3"
    assert problem.hint == "did you mean 'other.example'?"


def test_included_files_are_read_before_the_file_itself(
    written: Callable[[str], Policy], tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.yaml").write_text(
        "include: b.yaml\nrules: [{name: a, then: {sign: true}}]\nvars: {x: partner.example}"
    )
    (tmp_path / "shared" / "b.yaml").write_text("rules: [{name: b, then: {sign: true}}]")

    policy = written(
        """
        include: [shared/a.yaml]
        rules: [{name: own, when: {recipient_domain: $x}, then: {sign: true}}]
        """
    )

    assert rules(policy) == ("b", "a", "own")


def test_digest_covers_what_is_included_and_listed(written: Callable[[str], Policy], tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    text = "include: shared/a.yaml\nlists: {p: p.txt}\nrules: []"
    digests = set()
    for rule, partner in (("[]", "a.example"), ("[ ]", "a.example"), ("[]", "b.example")):
        (tmp_path / "shared" / "a.yaml").write_text(f"rules: {rule}")
        (tmp_path / "p.txt").write_text(partner)
        digests.add(written(text).digest)

    assert len(digests) == 3


def test_file_that_includes_itself_is_told(written: Callable[[str], Policy], tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "a.yaml").write_text("include: ../10.yaml")

    with pytest.raises(BadInput, match=r"'10\.yaml' is included already"):
        written("include: shared/a.yaml")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("include: none.yaml", "none.yaml: there is no such file"),
        ("lists: {a: none.txt}", "none.txt: there is no such file"),
    ],
)
def test_missing_file_is_told(written: Callable[[str], Policy], text: str, problem: str) -> None:
    with pytest.raises(BadInput, match=problem):
        written(text)


def test_variable_of_two_files_is_told_with_both_places(
    written: Callable[[str], Policy], tmp_path: Path
) -> None:
    (tmp_path / "90.yaml").write_text("vars: {a: c}")

    with pytest.raises(BadInput) as raised:
        written("vars: {a: b}")

    assert str(raised.value.problems[0]).startswith(
        f"{tmp_path}/90.yaml:1:11: variable 'a' is defined at {tmp_path}/10.yaml:1:11 already"
    )
