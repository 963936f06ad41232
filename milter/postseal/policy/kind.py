"""What kind of message it is: by whom or what it was written, and what it is meant for."""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from postseal.cms import field
from postseal.cms.mime import Kind as Node
from postseal.cms.mime import Part, walk
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.policy import encryption


class MessageType(StrEnum):
    """What a message is."""

    ENCRYPTED = "encrypted"
    SIGNED = "signed"
    RESTRICTED = "restricted"
    CALENDAR = "calendar"
    AUTO_REPLY = "auto_reply"
    AUTO_FORWARD = "auto_forward"
    READ_RECEIPT = "read_receipt"
    DELIVERY_REPORT = "delivery_report"
    VOICEMAIL = "voicemail"


_REPORTS = {
    "disposition-notification": MessageType.READ_RECEIPT,  # RFC 8098 §3
    "delivery-status": MessageType.DELIVERY_REPORT,  # RFC 3464 §2
}
_RIGHTS_PROTECTED = frozenset({"application/x-microsoft-rpmsg-message"})
_FORWARDED = ("autoforwarded", "x-ms-exchange-organization-autoforwarded")  # RFC 2156 §5.3.6; Exchange
_ANSWERED = ("x-autoreply", "x-autorespond", "x-autoresponse")


def types(message: Message) -> frozenset[MessageType]:
    """All that *message* is.  Raises Failure(UNINSPECTABLE) if its parts cannot be told."""
    try:
        parts = tuple(walk(message.headers, message.body))
    except Failure as failure:
        raise Failure(Cause.UNINSPECTABLE, failure.detail) from None
    found = {*_by_header(message), *_by_parts(parts)}
    if encryption.encrypted(message):
        found.add(MessageType.ENCRYPTED)
    if encryption.signed(message):
        found.add(MessageType.SIGNED)
    return frozenset(found)


def charsets(message: Message) -> frozenset[str]:
    """The charsets that the parts of *message* name.  Raises Failure(UNINSPECTABLE)."""
    try:
        return frozenset(part.charset.lower() for part in walk(message.headers, message.body) if part.charset)
    except Failure as failure:
        raise Failure(Cause.UNINSPECTABLE, failure.detail) from None


def _by_header(message: Message) -> Iterator[MessageType]:
    said = [_word(header.value) for header in message.all("Auto-Submitted")]
    if "auto-replied" in said or message.all(*_ANSWERED):
        yield MessageType.AUTO_REPLY
    if any(_word(header.value) == "true" for header in message.all(*_FORWARDED)):
        yield MessageType.AUTO_FORWARD
    if any(_word(header.value) == "voice-message" for header in message.all("Message-Context")):  # RFC 3458
        yield MessageType.VOICEMAIL
    if any(_word(header.value) == "rpmsg.message" for header in message.all("Content-Class")):
        yield MessageType.RESTRICTED


def _by_parts(parts: Iterable[Part]) -> Iterator[MessageType]:
    for part in parts:
        if part.kind is Node.EPILOGUE:
            continue
        if part.content_type == "text/calendar":
            yield MessageType.CALENDAR
        elif part.content_type == "multipart/voice-message":
            yield MessageType.VOICEMAIL
        elif part.content_type in _RIGHTS_PROTECTED or part.filename.lower() == "message.rpmsg":
            yield MessageType.RESTRICTED
        elif part.content_type == "multipart/report" and part.depth == 0:
            for header in part.headers:
                if header.named("Content-Type"):
                    said = field.parametrized(header.value).parameters.get("report-type", b"")
                    if kind := _REPORTS.get(said.decode("latin-1").lower()):
                        yield kind


def _word(value: bytes) -> str:
    """What stands before the parameters of a field, in lower case."""
    return field.parametrized(value).value
