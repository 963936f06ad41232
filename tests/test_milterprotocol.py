"""The milter driver against a milter on pymilter: it offers, speaks and reads as an MTA does."""

import hashlib
import json
from collections.abc import Callable

import pytest

from milteredits import (
    AddHeader,
    AddRecipient,
    ChangeHeader,
    ChangeSender,
    DeleteRecipient,
    InsertHeader,
    Outcome,
    Progress,
    Quarantine,
    ReplaceBody,
    applied,
)
from milterprotocol import ALL_STEPS, LEADING_SPACE, SKIP, Mail, MilterClient

Client = Callable[..., MilterClient]
Milter = Callable[..., str]


def edit(*script: str | int) -> tuple[bytes, bytes]:
    return b"X-Edit", b" " + json.dumps(script).encode()


def test_transaction_body_arrives_whole(echo_milter: Milter, milter: Client, milter_address: str) -> None:
    client = milter(echo_milter(milter_address))
    body = bytes(range(256)) * 1_000
    client.connect()
    client.helo()

    answer = client.transaction(Mail(body=body))

    assert answer.verdict == "continue"
    value = b" %d %b" % (len(body), hashlib.sha256(body).hexdigest().encode())
    assert answer.edits == (AddHeader(b"X-Body", value),)


def test_transaction_every_edit_is_read(echo_milter: Milter, milter: Client) -> None:
    client = milter(echo_milter())
    client.connect()

    answer = client.transaction(
        Mail(
            headers=(
                edit("add", "X-A", "one\n two"),
                edit("insert", 0, "X-B", "top"),
                edit("change", "Subject", 2, "new"),
                edit("change", "Subject", 1, ""),
                edit("addrcpt", "<eve@example.test>"),
                edit("delrcpt", "<bob@example.test>"),
                edit("sender", "<ann@other.test>"),
                edit("progress"),
                edit("quarantine", "look"),
                edit("body", "new\r\n"),
            )
        )
    )

    assert answer.edits == (
        AddHeader(b"X-A", b" one\n two"),
        InsertHeader(0, b"X-B", b" top"),
        ChangeHeader(2, b"Subject", b" new"),
        ChangeHeader(1, b"Subject", b""),
        AddRecipient(b"<eve@example.test>", b""),
        DeleteRecipient(b"<bob@example.test>"),
        ChangeSender(b"<ann@other.test>", b""),
        Progress(),
        Quarantine(b"look"),
        ReplaceBody(b"new\r\n"),
    )


@pytest.mark.parametrize("verdict", ["accept", "reject", "tempfail", "discard"])
def test_transaction_verdicts(echo_milter: Milter, milter: Client, verdict: str) -> None:
    client = milter(echo_milter())
    client.connect()

    assert client.transaction(Mail(headers=((b"X-Verdict", verdict.encode()),))).verdict == verdict


def test_transaction_refused_recipient_leaves_the_others(echo_milter: Milter, milter: Client) -> None:
    client = milter(echo_milter())
    client.connect()

    only = client.transaction(Mail(recipients=(b"<nobody@lab.test>",)))
    client.abort()
    among = client.transaction(Mail(recipients=(b"<nobody@lab.test>", b"<bob@lab.test>")))

    assert (only.verdict, only.text) == ("reply", b"550 5.1.1 No such user")
    assert among.verdict == "continue"


def test_macros_arbitrary_and_missing(echo_milter: Milter, milter: Client) -> None:
    client = milter(echo_milter())
    client.connect(macros={b"j": b"mx.lab.test"})

    answer = client.transaction(
        Mail(
            headers=((b"X-Tell", b" j"), (b"X-Tell", b" {auth_authen}"), (b"X-Tell", b" {none}")),
            macros={b"M": {b"{auth_authen}": "änn".encode()}},
        )
    )

    assert [edit.value for edit in answer.edits if isinstance(edit, AddHeader)][:3] == [
        b" j=mx.lab.test",
        " {auth_authen}=änn".encode(),
        b" {none}=None",
    ]


@pytest.mark.parametrize(
    ("family", "address"),
    [(b"4", b"192.0.2.1"), (b"6", b"2001:db8::1"), (b"6", b"IPv6:2001:db8::1"), (b"L", b"/x"), (b"U", b"")],
)
def test_connect_any_family(echo_milter: Milter, milter: Client, family: bytes, address: bytes) -> None:
    client = milter(echo_milter())

    client.connect(address=address, family=family)

    assert client.transaction(Mail()).verdict == "continue"


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "header", "end_of_headers", "body"])
def test_abort_at_every_stage_then_another_message(echo_milter: Milter, milter: Client, stage: str) -> None:
    client = milter(echo_milter())
    steps: dict[str, Callable[[], object]] = {
        "connect": client.connect,
        "mail": lambda: client.mail(b"<ann@lab.test>"),
        "rcpt": lambda: client.rcpt(b"<bob@lab.test>"),
        "data": client.data,
        "header": lambda: client.header(b"X-Verdict", b" reject"),
        "end_of_headers": client.end_of_headers,
        "body": lambda: client.body(b"lost"),
    }
    for name, step in steps.items():
        step()
        if name == stage:
            break

    client.abort()

    assert client.transaction(Mail(body=b"kept")).edits == (
        AddHeader(b"X-Body", b" 4 " + hashlib.sha256(b"kept").hexdigest().encode()),
    )


def test_connection_carries_several_messages_and_clients(echo_milter: Milter, milter: Client) -> None:
    client = milter(echo_milter())
    for number in range(3):
        client.connect(b"client%d.test" % number)
        assert [client.transaction(Mail()).verdict for _ in range(3)] == ["continue"] * 3
        client.new_connection()
    client.quit()


@pytest.mark.parametrize("left_out", [0, LEADING_SPACE, SKIP])
def test_negotiation_milter_gets_no_more_than_was_offered(
    echo_milter: Milter, milter: Client, left_out: int
) -> None:
    client = milter(echo_milter(), steps=ALL_STEPS & ~left_out)
    client.connect()

    assert not client.steps & left_out
    assert client.transaction(Mail()).verdict == "continue"


def test_negotiation_milter_hangs_up_raises(echo_milter: Milter, milter: Client) -> None:
    with pytest.raises(EOFError):
        milter(echo_milter(), version=1)


BEFORE = Outcome(
    ((b"A", b" 1"), (b"a", b" 2"), (b"B", b" 3")), b"body", (b"<bob@lab.test>",), b"<ann@lab.test>"
)


@pytest.mark.parametrize(
    ("edits", "names_and_values"),
    [
        ([ChangeHeader(2, b"A", b" x")], [(b"A", b" 1"), (b"A", b" x"), (b"B", b" 3")]),
        ([ChangeHeader(1, b"A", b""), ChangeHeader(1, b"A", b"")], [(b"B", b" 3")]),
        ([ChangeHeader(2, b"A", b""), ChangeHeader(2, b"A", b"")], [(b"A", b" 1"), (b"B", b" 3")]),
        ([ChangeHeader(1, b"C", b" 4")], [*BEFORE.headers, (b"C", b" 4")]),
        ([InsertHeader(0, b"C", b" 4")], [(b"C", b" 4"), *BEFORE.headers]),
        ([InsertHeader(9, b"C", b" 4")], [*BEFORE.headers, (b"C", b" 4")]),
    ],
)
def test_applied_headers(edits: list[ChangeHeader | InsertHeader], names_and_values: list[object]) -> None:
    assert list(applied(BEFORE, edits).headers) == names_and_values


def test_applied_body_and_envelope() -> None:
    after = applied(
        BEFORE,
        [
            DeleteRecipient(b"<bob@lab.test>"),
            AddRecipient(b"<eve@lab.test>", b""),
            ChangeSender(b"<>", b""),
            ReplaceBody(b"new "),
            Progress(),
            ReplaceBody(b"body"),
        ],
    )

    assert (after.recipients, after.sender, after.body) == ((b"<eve@lab.test>",), b"<>", b"new body")
    assert after.body_pieces == 2


def test_applied_edit_between_two_pieces_of_a_body_raises() -> None:
    with pytest.raises(ValueError, match="one run"):
        applied(BEFORE, [ReplaceBody(b"a"), AddHeader(b"X", b" y"), ReplaceBody(b"b")])
