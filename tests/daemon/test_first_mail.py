"""The first mail to somebody: until it left, and while it is tried again; without the store nobody knows."""

import sqlite3
from collections.abc import Callable

from conftest import DaemonFactory
from demo.daemon import Daemon
from milteredits import AddHeader
from milterprotocol import Answer, Mail, MilterClient

Client = Callable[..., MilterClient]
POLICY = """
rules:
  - name: refused
    when: {subject_words: refuse}
    then: [reject: No.]
  - name: first
    when: {first_mail: true}
    then: [add_header: {X-First: 'yes'}]
  - name: not first
    unless: {first_mail: true}
    then: [add_header: {X-First: 'no'}]
examples:
  - {from: ann@lab.test, to: bob@one.test, expect: {add_header: {X-First: 'yes'}}}
  - {from: ann@lab.test, to: bob@one.test, acquainted: true, expect: {add_header: {X-First: 'no'}}}
"""


def told(answer: Answer) -> str:
    (header,) = (edit for edit in answer.edits if isinstance(edit, AddHeader))
    return header.value.decode().strip()


def test_first_mail_is_the_first_that_left(daemon: DaemonFactory, milter: Client) -> None:
    running = daemon(policies={"1.yaml": POLICY}, settings="workers: 2\nstore_timeout: 2s\n")

    def send(number: int, to: bytes = b"<bob@one.test>", subject: bytes = b"hello") -> Answer:
        headers = ((b"From", b" ann@lab.test"), (b"Subject", b" " + subject))
        headers += ((b"Message-ID", b" <%d@lab.test>" % number),)
        mail = Mail(headers, recipients=(to,))
        return milter(f"unix:{running.socket}").transaction(mail)

    refused = send(1, subject=b"refuse")
    answers = [told(send(*each)) for each in [(2,), (2,), (3,), (3, b"<BOB@One.test>"), (2,)]]
    other = told(send(4, b"<cy@one.test>"))
    explained = [_explained(running, to) for to in ("bob@one.test", "dan@one.test", "dan@one.test")]

    assert refused.verdict == "reply"
    assert answers == ["yes", "yes", "no", "no", "yes"]
    assert other == "yes"
    assert explained == ["no", "yes", "yes"], "nothing is noted by looking"

    with sqlite3.connect(running.directory / "store" / "store.sqlite") as connection:
        connection.execute("ALTER TABLE acquaintances RENAME TO gone")
    deferred = send(5)
    assert deferred.verdict == "reply"
    assert deferred.text.startswith(b"451 4.3.0")
    assert "cause=store" in running.log()


def _explained(running: Daemon, to: str) -> str:
    done = running.command(
        "explain", "-", "--from", "ann@lab.test", "--to", to, stdin=b"Subject: x\r\n\r\nx\r\n"
    )
    assert done.returncode == 0, done.stderr
    return "yes" if "X-First: yes" in done.stdout else "no"
