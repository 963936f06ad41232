"""Mail that is made up to try a policy on."""

from collections.abc import Mapping, Sequence

from postseal.body import Body
from postseal.message import Header, Message


def composed(
    sender: str,
    recipients: Sequence[str],
    *,
    subject: str = "",
    headers: Mapping[str, str] | None = None,
    body: str = "",
    size: int | None = None,
) -> Message:
    """A message with one text part; up to *size* octets it is filled with an attachment of zeros."""
    fields = {"From": sender, "To": ", ".join(recipients), "Subject": subject, "MIME-Version": "1.0"}
    if not size:
        fields |= {"Content-Type": "text/plain; charset=utf-8", "Content-Transfer-Encoding": "8bit"}
    given = dict(headers or {})
    names = {name.lower() for name in given}
    fields = {name: value for name, value in fields.items() if name.lower() not in names} | given
    lines = "\r\n".join(body.splitlines()) + "\r\n"
    if size:
        fields["Content-Type"] = "multipart/mixed; boundary=part"
        lines = (
            f"--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{lines}\r\n"
            "--part\r\nContent-Type: application/octet-stream\r\n\r\n"
        )
    written = tuple(Header(name.encode(), f" {value}".encode()) for name, value in fields.items())
    message = Message(written, Body.of(lines.encode()))
    if not size:
        return message
    end = b"\r\n--part--\r\n"
    filling = b"0" * max(0, size - message.size - len(end))
    return message.with_body(Body.of(lines.encode() + filling + end))
