"""The notification is a well-formed report that tells what the sender must know and nothing else."""

import email
from datetime import UTC, datetime
from email import policy

import pytest

from postseal.body import Body
from postseal.bounce import notice
from postseal.envelope import Envelope, Recipient
from postseal.message import Header, Message

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
MESSAGE = Message(
    (
        Header.of("Received", "from secret.host by other"),
        Header.of("From", "Ann <ann@x.example>"),
        Header.of("Subject", "papers"),
        Header.of("Message-ID", "<1@x.example>"),
        Header.of("Bcc", "eve@x.example"),
        Header.of("X-Internal", "secret"),
    ),
    Body.of(b"the numbers\r\n"),
)


def told(*recipients: Recipient, sender: str = "ann@x.example", parameters: tuple[str, ...] = ()) -> bytes:
    envelope = Envelope(sender, recipients, parameters=parameters)
    return b"".join(notice(MESSAGE, envelope, without=recipients, host="gw.test", at=AT).pieces())


def test_notice_is_a_delivery_status_report() -> None:
    bob = Recipient("bob@y.example", ("ORCPT=rfc822;Bob+2Bx@y.example", "NOTIFY=FAILURE"))
    octets = told(bob, Recipient("cat@y.example"), parameters=("ENVID=QQ+3D1", "RET=FULL"))

    report = email.message_from_bytes(octets, policy=policy.default)
    text, status, headers = report.iter_parts()

    assert report.get_content_type() == "multipart/report"
    assert report["Content-Type"].params["report-type"] == "delivery-status"
    assert report["To"] == "ann@x.example"
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["In-Reply-To"] == "<1@x.example>"
    assert not report.defects
    assert "bob@y.example" in text.get_content()
    assert status.get_content_type() == "message/delivery-status"
    whole, first, second = status.get_payload()
    assert (whole["Reporting-MTA"], whole["Original-Envelope-Id"]) == ("dns; gw.test", "QQ=1")
    assert (first["Original-Recipient"], first["Final-Recipient"]) == (
        "rfc822;Bob+x@y.example",
        "rfc822; bob@y.example",
    )
    assert (second["Action"], second["Status"]) == ("failed", "5.7.8")
    assert headers.get_content_type() == "text/rfc822-headers"
    assert b"\n" not in octets.replace(b"\r\n", b"")


def test_notice_gives_nothing_away() -> None:
    octets = told(Recipient("bob@y.example"))

    for secret in (b"numbers", b"eve@", b"secret", b"X-Internal"):
        assert secret not in octets
    assert b"Subject: papers\r\n" in octets


def test_notice_to_people_beyond_ascii_is_internationalized() -> None:
    octets = told(Recipient("bøb@y.example"), sender="änn@x.example")

    assert b"message/global-delivery-status" in octets
    assert "Final-Recipient: utf-8; bøb@y.example\r\n".encode() in octets
    assert "To: <änn@x.example>\r\n".encode() in octets


@pytest.mark.parametrize("given", ["+", "+4", "+0A", "a+zz"])
def test_notice_survives_a_malformed_envelope_id(given: str) -> None:
    octets = told(Recipient("bob@y.example"), parameters=(f"ENVID={given}",))

    assert f"Original-Envelope-Id: {given}\r\n".encode() in octets
