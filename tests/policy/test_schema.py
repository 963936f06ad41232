"""Editors are told what `postseal check` would say about the shape of a policy, and never more."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from postseal import document
from postseal.document import Mapping, Node, Scalar
from postseal.policy.actions import ACTIONS
from postseal.policy.conditions import CONDITIONS
from postseal.policy.schema import schema
from postseal.policy.source import files

HOUSE = Path(__file__).parent.parent.parent
SCHEMA = schema({"method": ["smime"]})
VALIDATOR = Draft202012Validator(SCHEMA)


def as_editors_read(node: Node) -> object:
    """*node* as YAML 1.2 reads it."""
    if isinstance(node, Scalar):
        if node.plain and node.text in {"true", "false"}:
            return node.text == "true"
        if node.plain and re.fullmatch(r"-?\d{1,15}", node.text):
            return int(node.text)
        return None if node.missing else node.text
    if isinstance(node, Mapping):
        return {entry.key.text: as_editors_read(entry.value) for entry in node.entries}
    return [as_editors_read(item) for item in node.items]


def mistakes(text: str) -> list[str]:
    read = as_editors_read(document.parse(text.encode(), "x"))
    return [error.json_path for error in VALIDATOR.iter_errors(read)]


def test_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", files(HOUSE / "policies"), ids=lambda file: file.stem)
def test_shipped_policies_fit(file: Path) -> None:
    assert mistakes(file.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "rules: [{name: r, then: {protect: $ways}}]",
        "vars: {a: [b, 1]}\nlists: {c: d.txt}\ninclude: x.yaml",
        "rules: [{name: 1, mode: off, when: [{any: [{not: {body_words: [$b, 2]}}]}], stop: true}]",
        "rules: [{name: r, then: [{remove_header: [X-A, {X-B: c}]}, {spam_level: -1}, {add_bcc: $archive}]}]",
        "rules: [{name: r, then: [{notify_sender: {text: a, subject: b}}, {notify_sender: a}]}]",
        "rules: [{name: r, then: {disclaimer: hello}}, {name: s, then: {report: [a@b.example]}}]",
        "rules: [{name: r, then: {reject: {text: no, status: 5.7.1}}, on_error: {crypto: [next, defer]}}]",
    ],
)
def test_good_policy_fits(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("rulez: []", "$"),
        ("rules: [{name: r, wehn: {}, then: {sign: true}}]", "$.rules"),
        ("rules: [{then: {sign: true}}]", "$.rules"),
        ("rules: [{name: r, mode: enforced, then: {sign: true}}]", "$.rules"),
        ("rules: [{name: r, then: {sgin: true}}]", "$.rules"),
        ("rules: [{name: r, when: {sender_domian: a.example}, stop: true}]", "$.rules"),
        ("rules: [{name: r, when: {any: {subject_wrods: a}}, stop: true}]", "$.rules"),
        ("examples: [{from: a@b.example, to: c@d.example}]", "$.examples"),
    ],
)
def test_mistake_is_marked(text: str, path: str) -> None:
    assert mistakes(text) == [path]


def test_every_word_has_its_manual() -> None:
    words = {**SCHEMA["$defs"]["conditions"]["properties"], **SCHEMA["$defs"]["actions"]["properties"]}  # type: ignore[index]

    assert {function.__name__ for function in (*CONDITIONS, *ACTIONS)} <= words.keys()
    assert all(word["description"] for word in words.values())
