"""The text of a message, as far as its reader sees it without opening an attachment.

What is looked at: every text/* part in any charset and transfer encoding, HTML as it is shown, the
reports of message/*, the subject and text of nested messages, and what stands around the parts.
Other parts are attachments and not looked at.  A part that is S/MIME-encrypted, which is checked by
its octets and not by its label, has no text; one that is only signed or compressed cannot be judged.

`text` returns everything or raises Failure(UNINSPECTABLE): text that is too large, malformed or in
an unknown charset is never passed over.
"""

from postseal.cms import charset as charsets
from postseal.cms import field
from postseal.cms.mime import Kind, Part, walk
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.policy import transfer
from postseal.policy.encryption import CMS_TYPES, enveloped
from postseal.policy.html import visible
from postseal.policy.pattern import seen

GAP = b"\n\x00\n"
"""Between texts that do not belong together: no word and no phrase reaches across."""

_UNREADABLE = frozenset(
    {
        *("message/rfc822", "message/global", "message/partial"),
        *("application/ms-tnef", "application/vnd.ms-tnef"),  # the whole message, and what Outlook shows
    }
)


def text(message: Message, limit: int) -> bytes:
    """All text of *message*, ready for `Pattern.found`; at most about *limit* octets."""
    texts: list[bytes] = []
    left = limit
    try:
        for part in walk(message.headers, message.body):
            for piece in _texts(message, part, left):
                texts.append(piece)
                left -= len(piece)
            if left < 0:
                raise _unseen(f"the text is larger than {limit} octets")
    except Failure as failure:
        raise _unseen(failure.detail) from None
    return GAP.join(texts)


def _texts(message: Message, part: Part, limit: int) -> list[bytes]:
    """The texts of one node of the MIME map."""
    if part.defect:
        raise _unseen(part.defect)
    texts = []
    if part.depth:
        texts += [seen(field.text(header.value)) for header in part.headers if header.named("Subject")]
    if part.kind is not Kind.LEAF:
        # What stands around the parts is shown by programs that know no MIME.
        return [*texts, seen(_characters(_octets(message, part, limit), ""))]
    if part.content_type in CMS_TYPES and not enveloped(message, part):
        raise _unseen("an S/MIME part is not encrypted, and what it wraps cannot be read")
    if part.content_type in _UNREADABLE:
        raise _unseen(f"a part of type {part.content_type} cannot be read")
    if part.content_type.startswith(("text/", "message/", "multipart/")):
        octets = _octets(message, part, limit)
        readings = [_characters(octets, part.charset)]
        if charsets.doubtful(part.charset):
            readings.append(_undeclared(octets))
        for reading in readings:
            texts.append(seen(visible(reading) if part.content_type == "text/html" else reading))
    return texts


def _unseen(detail: str) -> Failure:
    return Failure(Cause.UNINSPECTABLE, detail)


def _octets(message: Message, part: Part, limit: int) -> bytes:
    """The decoded octets of *part*."""
    if part.stop - part.start > 4 * limit + 1024:  # quoted-printable at its worst, with its line ends
        raise _unseen("the text is too large")
    return transfer.decoded(message.body.read(part.start, part.stop), part)


def _characters(octets: bytes, charset: str) -> str:
    """*octets* as text; what is not valid in a known charset shows as U+FFFD, as it does to the reader."""
    if not charset:
        return _undeclared(octets)
    text = charsets.decoded(octets, charset)
    if text is not None:
        return text
    if octets.isascii():
        return octets.decode("ascii")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        raise _unseen(f"unknown charset {charset[:40]!r}") from None


def _undeclared(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")
