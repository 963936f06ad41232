"""Edits and refusals reach the MTA whole, or not at all."""

import pytest

from postseal.body import Body
from postseal.edits import (
    AppendHeader,
    ChangeHeader,
    DeleteHeader,
    DeleteRecipient,
    InsertHeader,
    ReplaceBody,
)
from postseal.errors import Cause, Failure
from postseal.message import Header
from postseal.mta.answer import prepared, reply_arguments, send
from postseal.outcome import Reply


class Recorder:
    """Stands where the MTA's connection is."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def addheader(self, field: str, value: str, idx: int = -1) -> None:
        self.calls.append(("add", field, value, idx))

    def chgheader(self, field: str, idx: int, value: str) -> None:
        self.calls.append(("change", field, idx, value))

    def delrcpt(self, rcpt: str) -> None:
        self.calls.append(("delrcpt", rcpt))

    def replacebody(self, body: bytes) -> None:
        self.calls.append(("body", len(body)))


def test_send_every_edit_becomes_its_call() -> None:
    session = Recorder()

    send(
        prepared(
            [
                DeleteHeader(2, b"X"),
                ChangeHeader(1, Header(b"Subject", b" a\r\n b")),
                AppendHeader(Header(b"C", b"")),
                InsertHeader(Header(b"Top", b"\tx")),
                DeleteRecipient("jürgen@x.example"),
                ReplaceBody(Body.of(b"x" * 70_000)),
            ],
            with_leading_space=True,
        ),
        session,
    )

    assert session.calls == [
        ("change", "X", 2, ""),
        ("change", "Subject", 1, " a\n b"),
        ("add", "C", " ", -1),
        ("add", "Top", "\tx", 0),
        ("delrcpt", "<jürgen@x.example>"),
        ("body", 65_535),
        ("body", 4_465),
    ]


def test_send_without_leading_space_leaves_it_to_the_mta() -> None:
    session = Recorder()

    send(prepared([AppendHeader(Header(b"C", b"  two"))], with_leading_space=False), session)

    assert session.calls == [("add", "C", " two", -1)]


def test_send_empty_body_is_still_sent() -> None:
    session = Recorder()

    send(prepared([ReplaceBody(Body.of(b""))], with_leading_space=True), session)

    assert session.calls == [("body", 0)]


@pytest.mark.parametrize("value", [b" \xe4", b" a\0b"], ids=["8-bit", "nul"])
def test_send_unwritable_edit_sends_nothing(value: bytes) -> None:
    session = Recorder()

    with pytest.raises(Failure) as failure:
        send(
            prepared([DeleteHeader(1, b"A"), AppendHeader(Header(b"B", value))], with_leading_space=True),
            session,
        )

    assert failure.value.cause is Cause.UNWRITABLE
    assert session.calls == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("100% & more\r\n250 OK", "100%% & more 250 OK"), ("ä" * 600, "ä" * 450), ("", "")],
)
def test_reply_arguments_any_text_is_one_line_that_libmilter_takes(text: str, expected: str) -> None:
    assert reply_arguments(Reply(550, "5.7.1", text)) == ("550", "5.7.1", expected)
