"""Authentication-Results count where only our own servers can have written them."""

import pytest

from postseal.body import Body
from postseal.message import Header, Message
from postseal.policy.authentication import Result, results
from postseal.settings.judging import Authentication

OURS = "mx.example.com; dmarc=pass"
FORGED = "mx.example.com; dmarc=fail"


def said(believed: Authentication, *fields: tuple[str, str]) -> object:
    headers = tuple(Header.of(name, value) for name, value in fields)
    return results(Message(headers, Body.of(b"")), believed).get("dmarc")


@pytest.mark.parametrize(
    ("hops", "fields", "expected"),
    [
        (0, [("Authentication-Results", OURS)], {Result.PASS}),
        (0, [("Authentication-Results", OURS), ("Received", "a")], {Result.PASS}),
        (0, [("Received", "a"), ("Authentication-Results", FORGED)], None),
        (1, [("Received", "a"), ("authentication-results", OURS), ("Received", "b")], {Result.PASS}),
        (1, [("Received", "a"), ("Received", "b"), ("Authentication-Results", FORGED)], None),
        (
            0,
            [("Authentication-Results", OURS), ("Received", "a"), ("Authentication-Results", FORGED)],
            {Result.PASS},
        ),
        (
            0,
            [("Authentication-Results", OURS), ("Authentication-Results", FORGED)],
            {Result.PASS, Result.FAIL},
        ),
    ],
)
def test_results_below_our_own_trace_are_not_believed(hops, fields, expected):
    assert said(Authentication(("mx.example.com",), hops), *fields) == expected


def test_nobody_is_believed_by_default():
    assert said(Authentication(), ("Authentication-Results", OURS)) is None


@pytest.mark.parametrize("value", ["", ";", "mx.example.com", "mx.example.com;;=;a=", "(" * 50 + OURS])
def test_nonsense_says_nothing(value: str):
    assert said(Authentication(("mx.example.com",)), ("Authentication-Results", value)) is None
