"""The actions on header fields and the subject, through real Postfix."""

import re
from collections.abc import Iterator

import pytest

from demo.gateway import Gateway, gateway

POLICY = """
rules:
  - name: remove one value
    when: {subject_words: remove}
    then: [remove_header: {X-Label: DRAFT}]
  - name: strip
    when: {subject_words: '[secure]'}
    then: [strip_subject: ['[secure]', '[encrypt]']]
  - name: mask
    when: {subject_words: number}
    then: [change_subject: {match: '\\b\\d{4}\\b', with: '####'}]
  - name: behind
    when: {subject_words: behind}
    then: [change_subject: {match: 'behind', with: '(größer)', at: end}]
  - name: label
    when: {subject_words: label}
    then: [classify: secret, spam_level: 9]
"""


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    with gateway({"10.yaml": POLICY}) as running:
        yield running


def arrived(gate: Gateway, subject: bytes) -> bytes:
    """The header section of what arrives, for a message with this subject."""
    fields = [b"From: ann@lab.test", b"To: bob@one.test", b"Subject: %b" % subject]
    more = [b"X-Label: draft", b"X-Label: final", b"X-MS-Exchange-Organization-SCL: -1"]
    sent = b"\r\n".join([*fields, *more, b"", b"Hello.", b""])
    return gate.passed(sent).content.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("subject", "name", "values"),
    [
        pytest.param(b"remove", b"X-Label", [b"final"], id="remove-value"),
        pytest.param(b"none", b"X-Label", [b"draft", b"final"], id="nothing"),
        pytest.param(b"[Secure] hi [encrypt]", b"Subject", [b"hi"], id="strip"),
        pytest.param(b"number 1234 and 99", b"Subject", [b"number #### and 99"], id="change"),
        pytest.param(
            b"=?utf-8?q?behind_=C3=A4?=", b"Subject", [b"=?utf-8?b?w6QgKGdyw7bDn2VyKQ==?="], id="change-end"
        ),
        pytest.param(b"label", b"X-Classification", [b"secret"], id="classify"),
        pytest.param(b"label", b"X-MS-Exchange-Organization-SCL", [b"9"], id="spam-level"),
    ],
)
def test_header_action(gate: Gateway, subject: bytes, name: bytes, values: list[bytes]) -> None:
    head = arrived(gate, subject) + b"\r\n"

    assert re.findall(rb"(?mi)^%b: (.*)\r\n" % re.escape(name), head) == values
