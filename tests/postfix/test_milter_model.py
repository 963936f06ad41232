"""Our model of what a milter's edits do to a message, held against Postfix itself."""

import json
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import PostfixFactory
from demo.login import Logins
from demo.place import LOOPBACK
from demo.postfix import Tls
from demo.sink import Sink
from milteredits import Outcome, applied
from milterprotocol import Mail, MilterClient

SCRIPTS = {
    "add": [["add", "X-New", "one\n two"]],
    "insert at the top": [["insert", 0, "X-New", "v"]],
    "insert below the trace": [["insert", 1, "X-New", "v"]],
    "insert further down": [["insert", 3, "X-New", "v"]],
    "insert beyond the end": [["insert", 500, "X-New", "v"]],
    "insert twice": [["insert", 0, "X-New", "v"], ["insert", 0, "X-New", "w"]],
    "change the second": [["change", "X-Same", 2, "v"]],
    "change in other letters": [["change", "x-same", 2, "v"]],
    "change one that is not there": [["change", "X-Same", 9, "v"]],
    "delete the first twice": [["change", "X-Same", 1, ""], ["change", "X-Same", 1, ""]],
    "delete last to first": [["change", "X-Same", 3, ""], ["change", "X-Same", 2, ""]],
    "delete one that is not there": [["change", "X-Same", 9, ""]],
    "delete and add": [["change", "X-Same", 2, ""], ["add", "X-Same", "v"], ["change", "X-Same", 3, "w"]],
    "insert and change it": [["insert", 0, "X-Same", "v"], ["change", "X-Same", 1, "w"]],
    "body": [["body", "new\r\n.\r\n"]],
    "body in two pieces": [["body", "one\r\n"], ["body", "two\r\n"]],
    "recipients": [["delrcpt", "<bob@example.test>"], ["addrcpt", "<eve@example.test>"]],
    "sender": [["sender", "<ann@other.test>"]],
}


def headers_for(script: list[list[str | int]]) -> list[tuple[bytes, bytes]]:
    return [
        (b"From", b" ann@lab.test"),
        (b"Message-ID", b" <1@lab.test>"),
        (b"Date", b" Mon, 23 Nov 2026 09:00:00 +0000"),
        (b"X-Same", b" 1"),
        (b"X-Same", b" 2"),
        (b"X-Same", b" 3"),
        *((b"X-Edit", b" " + json.dumps(step).encode()) for step in script),
    ]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_applied_agrees_with_postfix(
    postfix: PostfixFactory,
    sink: Sink,
    echo_milter: Callable[..., str],
    milter: Callable[..., MilterClient],
    script: list[list[str | int]],
) -> None:
    address = echo_milter()
    headers = headers_for(script)
    client = milter(address)
    client.connect()
    mail = Mail(headers=tuple(headers), body=b"body\r\n")
    answer = client.transaction(mail)
    model = applied(Outcome(mail.headers, mail.body, mail.recipients, mail.sender), answer.edits)

    private = postfix(smtpd_milters=address)
    block = b"".join(b"%b:%b\r\n" % field for field in headers)
    with smtplib.SMTP(LOOPBACK, private.port) as smtp:
        smtp.sendmail("ann@lab.test", ["bob@example.test"], block + b"\r\nbody\r\n")
    delivery = sink.take_one()

    assert fields_below_the_trace(delivery.content, model) == list(model.headers)
    assert delivery.content.partition(b"\r\n\r\n")[2] == model.body
    assert [b"<%b>" % address.encode() for address in delivery.addresses] == list(model.recipients)
    assert b"<%b>" % delivery.sender.encode() == model.sender


def fields_below_the_trace(content: bytes, model: Outcome) -> list[tuple[bytes, bytes]]:
    """The header fields of *content* less Postfix's own Received, which must be where the model says."""
    block = content.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b"\n ").replace(b"\r\n\t", b"\n\t")
    fields = [(name, value) for name, _, value in (line.partition(b":") for line in block.split(b"\r\n"))]
    (place,) = [place for place, (name, _) in enumerate(fields) if name == b"Received"]
    assert place == model.above_trace
    return fields[:place] + fields[place + 1 :]


def test_milter_sees_who_logged_in_and_from_where(
    postfix: PostfixFactory, sink: Sink, echo_milter: Callable[..., str], directory: Path
) -> None:
    with Logins(directory / "auth", {"ann": "secret"}) as logins:
        private = postfix(smtpd_milters=echo_milter(), login=logins.socket)
        with smtplib.SMTP(LOOPBACK, private.port) as client:
            client.login("ann", "secret")
            client.sendmail("ann@lab.test", ["bob@example.test"], b"X-Tell: {auth_authen}\r\n\r\nhi\r\n")

    assert b"X-Told: {auth_authen}=ann\r\n" in sink.take_one().content


def test_milter_local_mail_passes_it_too(
    postfix: PostfixFactory, sink: Sink, echo_milter: Callable[..., str]
) -> None:
    private = postfix(non_smtpd_milters=echo_milter())

    private.sendmail(b"Subject: local\n\nhi\n", "ann@lab.test", "bob@example.test")

    assert b"X-Body: 4 " in sink.take_one().content


def test_milter_reinjection_passes_it_by(
    postfix: PostfixFactory, sink: Sink, echo_milter: Callable[..., str]
) -> None:
    private = postfix(smtpd_milters=echo_milter())

    with smtplib.SMTP(LOOPBACK, private.reinjection_port) as client:
        client.sendmail("ann@lab.test", ["bob@example.test"], b"Subject: copy\r\n\r\nhi\r\n")

    assert b"X-Body" not in sink.take_one().content


def test_milter_sees_the_tls_of_the_client(
    postfix: PostfixFactory, sink: Sink, echo_milter: Callable[..., str], tls: Tls
) -> None:
    private = postfix(smtpd_milters=echo_milter(), tls=tls)
    with smtplib.SMTP(LOOPBACK, private.port) as client:
        client.starttls(context=ssl._create_unverified_context())
        client.sendmail("ann@lab.test", ["bob@example.test"], b"X-Tell: {tls_version}\r\n\r\nhi\r\n")

    assert b"X-Told: {tls_version}=TLSv1.3\r\n" in sink.take_one().content


def test_milter_refuses_local_mail_sender_gets_it_back(
    postfix: PostfixFactory, sink: Sink, echo_milter: Callable[..., str]
) -> None:
    private = postfix(non_smtpd_milters=echo_milter())

    private.sendmail(b"X-Verdict: reject\n\nhi\n", "ann@lab.test", "bob@example.test")

    bounce = sink.take_one()
    assert (bounce.sender, bounce.addresses) == ("", ("ann@lab.test",))
    assert sink.is_quiet()
