"""The harness itself: what a private Postfix, its sink and its logins do without a milter."""

import hashlib
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from conftest import PostfixFactory
from demo.login import Logins
from demo.place import LOOPBACK, free_port
from demo.postfix import NotStarted, Postfix, Tls
from demo.sink import Sink
from demo.sink_session import HANG_UP

AWKWARD = (
    b"From: ann@lab.test\r\nTo: bob@example.test\r\nSubject: awkward\r\nMessage-ID: <1@lab.test>\r\n"
    b"Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nX-Folded: one\r\n\ttwo\r\n  three\r\n"
    b"X:no space\r\nX:  two spaces\r\nX-Latin: caf\xe9\r\n\r\n"
    b".\r\n..two dots\r\n\r\n8-bit \xff\xfe\r\n" + b"l" * 990 + b"\r\n \r\n\r\n"
)


def post(port: int, message: bytes, *recipients: str, options: tuple[str, ...] = ()) -> None:
    with smtplib.SMTP(LOOPBACK, port) as client:
        client.sendmail("ann@lab.test", recipients or ("bob@example.test",), message, options)


def without_trace(content: bytes) -> bytes:
    """*content* less the one Received field that Postfix puts on top."""
    assert content.startswith(b"Received: ")
    return content.partition(b"(UTC)\r\n")[2]


def test_mail_awkward_bytes_arrive_exactly(postfix: PostfixFactory, sink: Sink) -> None:
    private = postfix()

    post(private.port, AWKWARD, options=("BODY=8BITMIME",))
    post(private.reinjection_port, AWKWARD, options=("BODY=8BITMIME",))

    for delivery in sink.take(2):
        assert without_trace(delivery.content) == AWKWARD
        assert delivery.sender == "ann@lab.test"
        assert delivery.addresses == ("bob@example.test",)


def test_mail_of_50_mib_arrives_exactly(postfix: PostfixFactory, sink: Sink) -> None:
    private = postfix()
    message = AWKWARD + b"0123456789" * 7 * 10 + b"\r\n" + (b"x" * 76 + b"\r\n") * (50 * 2**20 // 78)

    post(private.port, message)

    arrived = without_trace(sink.take_one(seconds=60).content)
    assert hashlib.sha256(arrived).digest() == hashlib.sha256(message).digest()


def test_mail_dsn_parameters_and_utf8_reach_the_sink(postfix: PostfixFactory, sink: Sink) -> None:
    private = postfix()

    with smtplib.SMTP(LOOPBACK, private.port) as client:
        client.ehlo()
        client.mail("änn@lab.test", ["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=x1"])
        client.rcpt("bob@example.test", ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;rob@example.test"])
        client.data(b"Subject: hi\r\n\r\nhi\r\n")

    delivery = sink.take_one()
    assert delivery.sender == "änn@lab.test"
    assert {"SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=x1"} <= set(delivery.parameters)
    assert set(delivery.recipients[0].parameters) == {"NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;rob@example.test"}


def test_sendmail_local_mail_goes_the_same_way(postfix: PostfixFactory, sink: Sink) -> None:
    private = postfix()

    private.sendmail(b"Subject: local\n\nhi\n", "ann@lab.test", "bob@example.test")

    assert b"Subject: local\r\n" in sink.take_one().content


@pytest.mark.parametrize("answer", ["450 4.2.0 later", HANG_UP])
def test_queue_sink_refuses_mail_waits_and_flush_delivers(
    postfix: PostfixFactory, sink: Sink, answer: str
) -> None:
    private = postfix(parameters={"minimal_backoff_time": "1000s", "queue_run_delay": "1000s"})
    sink.answers["bob@example.test"] = answer

    post(private.port, AWKWARD, "bob@example.test", "eve@example.test")
    (waiting,) = private.await_queue(1)
    sink.answers.clear()
    private.flush()

    assert waiting.queue == "deferred"
    assert waiting.sender == "ann@lab.test"
    assert "bob@example.test" in waiting.reasons
    assert waiting.reasons["bob@example.test"]
    assert {address for one in sink.take(1 if answer == HANG_UP else 2) for address in one.addresses} == {
        "bob@example.test",
        "eve@example.test",
    }
    assert private.await_queue(0) == ()


def test_sink_answer_at_end_of_data_keeps_nothing(sink: Sink) -> None:
    sink.at_end_of_data += ["554 5.7.1 no", HANG_UP]

    with pytest.raises(smtplib.SMTPDataError, match="no"):
        post(sink.port, AWKWARD)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        post(sink.port, AWKWARD)
    post(sink.port, AWKWARD)

    assert sink.take_one().content == AWKWARD
    assert sink.is_quiet()


def test_sink_lines_longer_than_its_buffer_are_kept(sink: Sink) -> None:
    # A CRLF and a leading dot on every side of the border between two reads.
    for length in range(65_530, 65_540):
        message = b"X: y\r\n\r\n" + b"x" * length + b"\r\n.dot\r\n.\r\nend\r\n"
        post(sink.port, message)
        assert sink.take_one().content == message


def test_login_right_password_is_logged_in(postfix: PostfixFactory, directory: Path) -> None:
    with Logins(directory / "auth", {"ann": "secret"}) as logins:
        private = postfix(login=logins.socket)
        with smtplib.SMTP(LOOPBACK, private.port) as client:
            client.login("ann", "secret")
            client.sendmail("ann@lab.test", ["bob@example.test"], AWKWARD)

    assert "sasl_username=ann" in private.log()


def test_login_wrong_password_is_refused(postfix: PostfixFactory, directory: Path) -> None:
    with (
        Logins(directory / "auth", {"ann": "secret"}) as logins,
        smtplib.SMTP(LOOPBACK, postfix(login=logins.socket).port) as client,
        pytest.raises(smtplib.SMTPAuthenticationError),
    ):
        client.login("ann", "guess")


def test_xclient_sets_the_client_address(postfix: PostfixFactory, sink: Sink) -> None:
    private = postfix(parameters={"mynetworks": "203.0.113.0/24"})

    with smtplib.SMTP(LOOPBACK, private.port) as client:
        client.docmd("XCLIENT", "ADDR=203.0.113.9")
        client.sendmail("ann@lab.test", ["bob@example.test"], AWKWARD)

    assert b"203.0.113.9" in sink.take_one().content


def test_starttls_both_ways(postfix: PostfixFactory, tls: Tls) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tls.certificate, tls.key)
    with Sink(tls=server) as secure_sink:
        private = postfix(
            tls=tls, next_hop=secure_sink.next_hop, parameters={"smtp_tls_security_level": "encrypt"}
        )
        with smtplib.SMTP(LOOPBACK, private.port) as client:
            client.starttls(context=ssl._create_unverified_context())
            client.sendmail("ann@lab.test", ["bob@example.test"], AWKWARD)

        delivery = secure_sink.take_one()

    assert delivery.tls == "TLSv1.3"
    assert b"(using TLSv1.3" in delivery.content


def test_start_port_taken_says_so(sink: Sink, directory: Path) -> None:
    private = Postfix(directory, next_hop=sink.next_hop)
    with socket.create_server((LOOPBACK, private.port)), pytest.raises(NotStarted, match="in use"):
        private.start()
    assert private.master_pid is None


def test_stop_leaves_no_process_behind(postfix: PostfixFactory) -> None:
    private = postfix()
    post(private.port, AWKWARD)
    master = private.master_pid
    assert master is not None

    private.stop()

    assert private.master_pid is None
    assert not _children(master)


def _children(master: int) -> list[str]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[1]) == master:
            found.append(str(status))
    return found


def test_free_port_can_be_bound() -> None:
    with socket.create_server((LOOPBACK, free_port())):
        pass
