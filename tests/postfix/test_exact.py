"""What policy does not touch arrives as it would have without us, byte for byte."""

import smtplib
import socket
from collections.abc import Iterator

import pytest

from demo.gateway import ANN, BOB, Gateway, gateway, without_trace
from demo.place import LOOPBACK

POLICY = """
rules:
  - name: looked at by every kind of condition
    when:
      any:
        body_words: [no such word in any of these messages]
        subject_matches: 'no such subject$'
        header_words: {X-Nothing: here}
    unless: {header_words: {X-Look: never}}
    then: [reject: never]
  - name: one header more
    when: {header_words: {X-Mark: please}}
    then: [add_header: {X-Marked: 'yes'}]
  - name: encrypted
    when: {header_words: {X-Encrypt: please}}
    then: [protect: smime]
"""
SETTINGS = """
workers: 1
accepted_domains: [lab.test]
smime: {certificates: certificates}
"""
HEAD = (
    b"From: ann@lab.test\r\nTo: bob@one.test\r\nMessage-ID: <1@lab.test>\r\n"
    b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\n"
)
TEXT = b"Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"
MESSAGES = {
    "8-bit": HEAD + TEXT + b"Subject: gr\xc3\xbc\xc3\x9fe\r\n\r\nstra\xc3\x9fe\r\n",
    "latin-1": HEAD + b"Subject: caf\xe9\r\nX-Latin: \xff\r\n\r\ncaf\xe9\r\n",
    "binary": HEAD + b"\r\n" + bytes(byte for byte in range(256) if byte not in b"\0\r\n") + b"\r\n",
    "bare-LF": HEAD + b"Subject: x\n y\r\n\r\none\ntwo\n\nthree\r\n",
    "bare-CR": HEAD + b"\r\none\rtwo\r\n",
    "nul": HEAD + b"\r\none\0two\r\n",
    "empty-body": HEAD + b"Subject: nothing\r\n\r\n",
    "header-only": HEAD + b"Subject: nothing\r\n",
    "no-header": b"\r\nbody only\r\n",
    "no-blank-line": HEAD + b"this is no header\r\nand more\r\n",
    "long-lines": HEAD
    + b"Subject: "
    + b"s" * 1500
    + b"\r\n\r\n"
    + b"x" * 5000
    + b"\r\n"
    + b"y" * 998
    + b"\r\n",
    "10k-headers": HEAD
    + b"".join(b"X-Field-%d: value %d\r\n" % (n % 50, n) for n in range(10_000))
    + b"\r\nx\r\n",
    "odd-headers": HEAD
    + b"X:none\r\nX:  two\r\nX:\ttab\r\nX:\r\nX: \r\nX: a\r\n b\r\n\tc\r\nx-Y:trail \r\n\r\nx\r\n",
    "dots": HEAD + b"\r\n.\r\n..\r\n...\r\n. \r\n",
    "blanks": HEAD + b"\r\n\r\n\r\ntrailing \t \r\n\r\n\r\n",
    "multipart": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--",
    "broken-mime": HEAD + b"X-Look: never\r\nContent-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--x\r\n",
}


@pytest.fixture(scope="module")
def gate() -> Iterator[Gateway]:
    more = {"header_size_limit": "4000000", "smtpd_forbid_bare_newline": "no"}
    with gateway({"10.yaml": POLICY}, settings=SETTINGS, parameters=more) as running:
        yield running


def transmit(port: int, message: bytes) -> str:
    """Send *message* as it is, bare line ends and all, which smtplib would mend; the reply."""
    with smtplib.SMTP(LOOPBACK, port, timeout=60) as client:
        client.ehlo()
        client.mail(ANN, ["BODY=8BITMIME"])
        client.rcpt(BOB)
        client.putcmd("data")
        client.getreply()
        assert isinstance(client.sock, socket.socket)
        stuffed = message.replace(b"\r\n.", b"\r\n..")
        client.sock.sendall((b"." if stuffed[:1] == b"." else b"") + stuffed)
        client.sock.sendall(b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
        code, text = client.getreply()
        return f"{code} {text.decode()}"


def both_ways(gate: Gateway, message: bytes) -> tuple[bytes, bytes]:
    """What arrives of *message* without us, and with us."""
    arrived = []
    for port in (gate.postfix.reinjection_port, gate.postfix.port):
        reply = transmit(port, message)
        assert reply.startswith("250"), reply
        content = without_trace(gate.sink.take_one().content)
        # Postfix adds these where they are missing, a different one each time.
        arrived.append(
            b"\r\n".join(
                line for line in content.split(b"\r\n") if not line.startswith((b"Message-Id: ", b"Date: "))
            )
        )
    return arrived[0], arrived[1]


@pytest.mark.parametrize("name", MESSAGES)
def test_message_that_no_rule_touches_arrives_as_without_us(gate: Gateway, name: str) -> None:
    without_us, with_us = both_ways(gate, MESSAGES[name])

    assert with_us == without_us


@pytest.mark.parametrize("name", [name for name in MESSAGES if name != "no-header"])
def test_message_that_gets_one_header_keeps_all_else(gate: Gateway, name: str) -> None:
    without_us, with_us = both_ways(gate, b"X-Mark: please\r\n" + MESSAGES[name])

    head, blank, body = without_us.removesuffix(b"" if b"\r\n\r\n" in without_us else b"\r\n").partition(
        b"\r\n\r\n"
    )
    assert with_us == head + b"\r\nX-Marked: yes" + (blank or b"\r\n") + body


@pytest.mark.parametrize("name", [name for name in MESSAGES if name != "no-header"])
def test_message_that_is_encrypted_holds_what_was_sent(gate: Gateway, name: str) -> None:
    message = b"X-Encrypt: please\r\n" + MESSAGES[name]
    without_us, _ = both_ways(gate, MESSAGES[name])

    reply = transmit(gate.postfix.port, message)

    assert reply.startswith("250"), reply
    inner = gate.decrypted(gate.sink.take_one().content, BOB)
    body = without_us.partition(b"\r\n\r\n")[2]
    if name == "long-lines":  # without us it is the SMTP client that breaks them, after the milters
        assert inner.endswith(b"\r\n\r\n" + b"x" * 5000 + b"\r\n" + b"y" * 998 + b"\r\n")
    else:
        assert inner.partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize("name", ["broken-mime", "large"])
def test_message_that_cannot_be_looked_at_waits(gate: Gateway, name: str) -> None:
    message = MESSAGES["broken-mime"].replace(b"X-Look: never\r\n", b"")
    if name == "large":
        message = HEAD + b"\r\n" + b"too much text to look at\r\n" * 200_000

    reply = transmit(gate.postfix.port, message)

    assert reply == "451 4.7.7 This message could not be inspected."
    assert "cause=uninspectable" in gate.daemon.log()


def test_message_of_50_mib_arrives_as_it_was_sent(gate: Gateway) -> None:
    line = bytes(range(33, 109)) + b"\r\n"
    message = HEAD + b"X-Look: never\r\n\r\n" + line * (50 * 2**20 // len(line))

    assert transmit(gate.postfix.port, message).startswith("250")

    assert without_trace(gate.sink.take_one(seconds=120).content) == message


def test_message_of_50_mib_is_encrypted_whole(gate: Gateway) -> None:
    line = bytes(range(33, 109)) + b"\r\n"
    body = line * (50 * 2**20 // len(line))

    assert transmit(
        gate.postfix.port, HEAD + b"X-Look: never\r\nX-Encrypt: please\r\n\r\n" + body
    ).startswith("250")

    inner = gate.decrypted(gate.sink.take_one(seconds=120).content, BOB)
    assert inner.endswith(b"\r\n\r\n" + body)
