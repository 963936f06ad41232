"""Attachments are looked into by processes of the workers, which go with them."""

import base64
from collections.abc import Callable
from pathlib import Path

from conftest import DaemonFactory
from content.carriers import text_docx, zipped
from milterprotocol import Mail, MilterClient
from processes import alive, eventually, known, settled

Client = Callable[..., MilterClient]

POLICY = """
rules:
  - {name: refused, when: {attachment_words: secret}, then: {reject: 'No secrets.'}}
examples:
  - from: ann@lab.test
    to: bob@example.test
    headers: {Content-Type: multipart/mixed; boundary=b}
    body: "--b\\nContent-Type: a/b; name=a.txt\\n\\nsecret\\n--b--"
    expect: reject
"""


def _children(pid: int) -> set[int]:
    """The child processes of all threads of *pid*."""
    listed = (file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return {int(child) for children in listed for child in children}


def with_file(octets: bytes) -> Mail:
    body = b"--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    body += base64.encodebytes(octets).replace(b"\n", b"\r\n") + b"--b--\r\n"
    return Mail(headers=((b"Content-Type", b" multipart/mixed; boundary=b"),), body=body)


def test_attachment_decides_and_its_reader_ends_with_the_worker(
    daemon: DaemonFactory, milter: Client
) -> None:
    running = daemon(policies={"1.yaml": POLICY}, settings="workers: 1\ndrain: 1s\n")
    (worker,) = settled(running).workers
    address = f"unix:{running.socket}"

    clear = milter(address).transaction(with_file(text_docx("nothing")))
    secret = milter(address).transaction(with_file(zipped({"a.docx": text_docx("top secret")})))
    readers = _children(worker)
    again = milter(address).transaction(with_file(text_docx("secret")))
    running.reload()
    eventually(lambda: worker not in known(running).workers and not known(running).draining)

    assert (clear.verdict, b"No secrets" in secret.text) == ("continue", True), running.log()
    assert b"No secrets" in again.text
    assert len(readers) == 1
    eventually(lambda: not any(map(alive, readers)))
