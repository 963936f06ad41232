"""The fragments of contrib/postfix as they are, on a Postfix: no complaint, and mail goes as they say."""

import smtplib
from collections.abc import Callable

import pytest

from conftest import PostfixFactory
from demo.place import LOOPBACK
from demo.postfix import Postfix
from demo.sink import Sink
from fragments import Fragments

MESSAGE = b"Subject: hi\r\n\r\nhi\r\n"


class Wired:
    """A Postfix with the fragments applied."""

    def __init__(self, start: PostfixFactory) -> None:
        fragments = Fragments()
        self.smtp_port, self.reinjection_port = fragments.smtp_port, fragments.reinjection_port
        self.postfix: Postfix = start(parameters=fragments.parameters, services=fragments.services)


@pytest.fixture
def wired(postfix: PostfixFactory, echo_milter: Callable[..., str]) -> Wired:
    wired = Wired(postfix)
    (wired.postfix.directory / "spool" / "postseal").mkdir(mode=0o755)
    echo_milter(f"unix:{wired.postfix.directory}/spool/postseal/milter.sock")
    return wired


def test_fragments_postfix_has_no_complaint(wired: Wired) -> None:
    checked = wired.postfix.command("postfix", "check")
    shown = wired.postfix.command("postconf", "-n")
    services = wired.postfix.command("postconf", "-Mf")

    assert (checked.stdout, checked.stderr) == ("", "")
    assert shown.stderr == services.stderr == ""
    assert "warning" not in wired.postfix.log()


def test_fragments_mail_passes_the_milter_once(wired: Wired, sink: Sink) -> None:
    with smtplib.SMTP(LOOPBACK, wired.smtp_port) as client:
        client.sendmail("ann@lab.test", ["bob@example.test"], MESSAGE)
    assert sink.take_one().content.count(b"X-Body: ") == 1

    wired.postfix.sendmail(MESSAGE, "ann@lab.test", "bob@example.test")
    assert sink.take_one().content.count(b"X-Body: ") == 1


def test_fragments_reinjected_mail_does_not(wired: Wired, sink: Sink) -> None:
    with smtplib.SMTP(LOOPBACK, wired.reinjection_port) as client:
        client.sendmail("ann@lab.test", ["bob@example.test"], MESSAGE)

    assert b"X-Body" not in sink.take_one().content


def test_fragments_reinjected_mail_passes_the_signer(
    wired: Wired, sink: Sink, echo_milter: Callable[..., str]
) -> None:
    # Below the queue directory, as the smtp listener is chrooted.
    echo_milter(f"unix:{wired.postfix.directory}/spool/postseal/signer.sock")
    wired.postfix.configure({"dkim_milter": "{ unix:postseal/signer.sock, default_action=tempfail }"})
    wired.postfix.reload()

    with smtplib.SMTP(LOOPBACK, wired.reinjection_port) as client:
        client.sendmail("ann@lab.test", ["bob@example.test"], MESSAGE)
    assert sink.take_one().content.count(b"X-Body: ") == 1

    with smtplib.SMTP(LOOPBACK, wired.smtp_port) as client:
        client.sendmail("ann@lab.test", ["bob@example.test"], MESSAGE)
    assert sink.take_one().content.count(b"X-Body: ") == 2


def test_fragments_milter_gone_client_is_told_to_wait(postfix: PostfixFactory, sink: Sink) -> None:
    wired = Wired(postfix)

    with (
        smtplib.SMTP(LOOPBACK, wired.smtp_port) as client,
        pytest.raises(smtplib.SMTPException, match="451"),
    ):
        client.sendmail("ann@lab.test", ["bob@example.test"], MESSAGE)

    assert sink.is_quiet()


def test_fragments_clients_may_send_half_of_what_the_queue_takes(wired: Wired) -> None:
    def announced(port: int) -> int:
        with smtplib.SMTP(LOOPBACK, port) as client:
            client.ehlo()
            return int(client.esmtp_features["size"])

    assert 2 * announced(wired.smtp_port) == announced(wired.reinjection_port)
