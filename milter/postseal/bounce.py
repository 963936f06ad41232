"""The delivery status notification for recipients whom no protected copy reaches (RFC 3464, RFC 6522).

It tells the sender who goes without and what can be done, and returns a few header fields so that he
knows the message again; never its text, and nothing about how we are set up.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime, make_msgid
from typing import Final

from postseal.body import Body
from postseal.envelope import Envelope, Recipient
from postseal.message import Header, Message

_RETURNED: Final = ("Date", "From", "To", "Cc", "Subject", "Message-ID", "In-Reply-To", "References")

_TEXT: Final = """\
Your message must be protected on its way, and there is no way to do so for
these recipients, who have not received it:

{recipients}

All others have. Ask these recipients for an S/MIME certificate, or ask your
administrator for another way to reach them.
"""


def notice(
    message: Message, envelope: Envelope, *, without: Sequence[Recipient], host: str, at: datetime
) -> Message:
    """What the sender of *envelope* is told about the recipients *without* a copy of *message*.

    *host*: who tells it.  An address that is not ASCII makes it an internationalized one (RFC 6533).
    """
    addresses = [recipient.address for recipient in without]
    plain = "".join([envelope.sender, *addresses]).isascii()
    parts = [
        ("text/plain; charset=utf-8", _TEXT.format(recipients="\n".join(f"    {a}" for a in addresses))),
        (
            "message/delivery-status" if plain else "message/global-delivery-status",
            _status(envelope, without, host, at),
        ),
    ]
    boundary = b"=_" + secrets.token_hex(16).encode("ascii")
    octets = b"".join(_part(boundary, kind, _octets(text)) for kind, text in parts)
    returned = b"".join(header.raw for header in message.all(*_RETURNED))
    kind = "text/rfc822-headers" if returned.isascii() else "message/global-headers"
    octets += _part(boundary, kind, returned) + b"--%b--\r\n" % boundary
    fields = {
        "From": f"Mail gateway <MAILER-DAEMON@{host}>",
        "To": f"<{envelope.sender}>",
        "Subject": "Not delivered: no protection for some recipients of your message",
        "Date": format_datetime(at),
        "Message-ID": make_msgid(domain=host),
        "Auto-Submitted": "auto-replied",
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/report; report-type=delivery-status; boundary="{boundary.decode()}"',
        "Content-Transfer-Encoding": "7bit" if octets.isascii() else "8bit",
    }
    headers = [
        Header(name.encode(), b" " + value.encode("utf-8", "replace")) for name, value in fields.items()
    ]
    if (identity := message.first("Message-ID")) is not None:
        headers += [Header(b"In-Reply-To", b" " + identity), Header(b"References", b" " + identity)]
    return Message(tuple(headers), Body.of(octets))


def _status(envelope: Envelope, without: Sequence[Recipient], host: str, at: datetime) -> str:
    lines = [f"Reporting-MTA: dns; {host}", f"Arrival-Date: {format_datetime(at)}"]
    lines += [f"Original-Envelope-Id: {given}" for given in _given(envelope.parameters, "ENVID")]
    for recipient in without:
        kind = "rfc822" if recipient.address.isascii() else "utf-8"
        lines.append("")
        lines += [f"Original-Recipient: {given}" for given in _given(recipient.parameters, "ORCPT")]
        lines += [f"Final-Recipient: {kind}; {recipient.address}", "Action: failed", "Status: 5.7.8"]
    return "\n".join([*lines, ""])


def _given(parameters: tuple[str, ...], name: str) -> list[str]:
    """The value of the ESMTP parameter *name*, in a list of one, decoded (RFC 3461 §4, xtext)."""
    pairs = (word.partition("=") for word in parameters)
    return [_decoded(value) for word, _, value in pairs if word.upper() == name]


def _decoded(xtext: str) -> str:
    first, *rest = xtext.split("+")
    text = first
    for piece in rest:
        try:
            text += chr(int(piece[:2], 16)) + piece[2:]
        except ValueError:
            return xtext
    return text if text.isprintable() else xtext


def _octets(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode("utf-8", "replace")


def _part(boundary: bytes, kind: str, octets: bytes) -> bytes:
    encoding = b"" if octets.isascii() else b"Content-Transfer-Encoding: 8bit\r\n"
    return b"--%b\r\nContent-Type: %b\r\n%b\r\n%b\r\n" % (boundary, kind.encode(), encoding, octets)
