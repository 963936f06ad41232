"""Header edits change what they name and nothing else."""

import pytest

from postseal.body import Body
from postseal.header_edits import edited
from postseal.message import Header, Message
from postseal.treatment import (
    AddHeader,
    ChangeSubject,
    HeaderEdit,
    PrependSubject,
    RemoveHeader,
    SetHeader,
    StripSubject,
    Where,
)


def message(*fields: bytes) -> Message:
    return Message(tuple(Header(*field.split(b":", 1)) for field in fields), Body.of(b""))


@pytest.mark.parametrize(
    ("fields", "edit", "expected"),
    [
        pytest.param([b"A:1"], AddHeader("A", "2"), [b"A:1", b"A: 2"], id="add"),
        pytest.param([b"A:1", b"B:2", b"a:3"], SetHeader("a", "x"), [b"a: x", b"B:2"], id="set-replaces-all"),
        pytest.param([b"B:2"], SetHeader("A", "x"), [b"B:2", b"A: x"], id="set-new"),
        pytest.param([b"A:1", b"B:2", b"a:3"], RemoveHeader("A"), [b"B:2"], id="remove"),
        pytest.param([b"Subject: hi"], PrependSubject("[x]"), [b"Subject: [x] hi"], id="subject"),
        pytest.param([b"Subject: [x] hi"], PrependSubject("[x]"), [b"Subject: [x] hi"], id="subject-once"),
        pytest.param([b"To: b"], PrependSubject("[x]"), [b"To: b", b"Subject: [x]"], id="no-subject"),
        pytest.param([b"Subject:"], PrependSubject("[x]"), [b"Subject: [x] "], id="empty-subject"),
        pytest.param(
            [b"Subject: =?utf-8?q?=C3=A4?="],
            PrependSubject("[ö]"),
            [b"Subject: =?utf-8?b?W8O2XSA=?= =?utf-8?q?=C3=A4?="],
            id="subject-encoded",
        ),
        pytest.param([b"Subject: \xe4"], PrependSubject("[x]"), [b"Subject: [x] \xe4"], id="subject-8bit"),
        pytest.param(
            [b"A: \xe4"], AddHeader("B", "ä"), [b"A: \xe4", b"B: =?utf-8?b?w6Q=?="], id="add-encoded"
        ),
        pytest.param(
            [b"A: Draft", b"A: final", b"a: =?utf-8?q?draft?="],
            RemoveHeader("A", "draft"),
            [b"A: final"],
            id="remove-value",
        ),
        pytest.param(
            [b"Subject: Re: [Secure] hi"], StripSubject(("[secure]",)), [b"Subject: Re: hi"], id="strip"
        ),
        pytest.param(
            [b"Subject: [a][b] [a]hi[b]"], StripSubject(("[a]", "[b]")), [b"Subject: hi"], id="strip-all"
        ),
        pytest.param(
            [b"Subject: =?utf-8?q?[secure]_=C3=A4?="],
            StripSubject(("[secure]",)),
            [b"Subject: =?utf-8?b?w6Q=?="],
            id="strip-encoded",
        ),
        pytest.param(
            [b"Subject:  hi \xe4 "], StripSubject(("[x]",)), [b"Subject:  hi \xe4 "], id="strip-none"
        ),
        pytest.param([b"Subject: [x]"], StripSubject(("[x]",)), [b"Subject: "], id="strip-to-nothing"),
        pytest.param(
            [b"Subject: [x] a", b"Subject: b [X]"],
            StripSubject(("[x]",)),
            [b"Subject: a", b"Subject: b"],
            id="strip-every-subject",
        ),
        pytest.param(
            [b"Subject: [x] =?utf-8?b?YQ0KQmNjOiBldmU=?="],  # "a", CRLF, "Bcc: eve"
            StripSubject(("[x]",)),
            [b"Subject: a  Bcc: eve"],
            id="strip-injects-nothing",
        ),
        pytest.param(
            [b"Subject: card 4111 and 42"],
            ChangeSubject((r"\b\d{4}\b", "CARD "), r"\1"),
            [rb"Subject: \1\1 and 42"],
            id="change",
        ),
        pytest.param(
            [b"Subject: a secret plan"],
            ChangeSubject(("secret ?",), "[s]", Where.BEGIN),
            [b"Subject: [s] a plan"],
            id="change-begin",
        ),
        pytest.param(
            [b"Subject: a plan: secret"],
            ChangeSubject((": secret",), "(ö)", Where.END),
            [b"Subject: =?utf-8?b?YSBwbGFuICjDtik=?="],
            id="change-end",
        ),
        pytest.param(
            [b"Subject: =?utf-8?q?plan?="],
            ChangeSubject(("secret",), "x", Where.END),
            [b"Subject: =?utf-8?q?plan?="],
            id="change-none",
        ),
        pytest.param([b"To: b"], ChangeSubject(("secret",), "x"), [b"To: b"], id="change-no-subject"),
    ],
)
def test_edited_one_edit_changes_only_that(
    fields: list[bytes], edit: HeaderEdit, expected: list[bytes]
) -> None:
    result = edited(message(*fields), [edit])

    assert [header.raw.removesuffix(b"\r\n") for header in result.headers] == expected


def test_edited_long_value_is_folded_below_998() -> None:
    result = edited(message(), [AddHeader("X", "word " * 1000)])

    lines = result.headers[0].raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert all(line.startswith(b" ") for line in lines[1:-1])


def test_edited_long_subject_is_folded_not_lengthened() -> None:
    subject = b"Subject: " + b"y" * 950

    result = edited(message(subject), [PrependSubject("[confidential]")])

    assert result.headers[0].raw == b"Subject: [confidential]\r\n " + b"y" * 950 + b"\r\n"


def test_edited_subject_of_blanks_takes_no_longer_than_another() -> None:
    """A pattern with white space around the tag would take hours: a gateway may be told so by a stranger."""
    subject = b"Subject: a" + b" " * 1_000_000 + b"[x] b"

    result = edited(message(subject), [StripSubject(("[x]",))])

    assert result.headers[0].raw == b"Subject: a b\r\n"


def test_edited_without_edits_is_the_same_message() -> None:
    same = message(b"A: 1")

    assert edited(same, []) is same
    assert edited(same, [RemoveHeader("B")]) is same
