"""The text of a message, as far as its reader sees it without opening an attachment.

What is looked at: every text/* part in any charset and transfer encoding, HTML as it is shown, the
reports of message/*, the subject and text of nested messages, and what stands around the parts.
Other parts are attachments and not looked at.  A part that is S/MIME-encrypted, which is checked by
its octets and not by its label, has no text; one that is only signed or compressed cannot be judged.

`text` returns everything or raises Failure(UNINSPECTABLE): text that is too large, malformed or in
an unknown charset is never passed over.
"""

from collections.abc import Sequence

from postseal.cms import field
from postseal.cms.mime import Kind, Part, walk
from postseal.content import kind, transfer
from postseal.content.characters import readings, undeclared
from postseal.content.html import visible
from postseal.content.item import SEEN, Item
from postseal.errors import Cause, Failure
from postseal.message import Message
from postseal.policy.encryption import CMS_TYPES, enveloped
from postseal.policy.files import UNREAD, Files
from postseal.policy.pattern import seen

GAP = b"\n\x00\n"
"""Between texts that do not belong together: no word and no phrase reaches across."""


def text(message: Message, limit: int, files: Files | None = None) -> bytes:
    """All text of *message*, ready for `Pattern.found`; at most about *limit* octets.

    *files*: those of the message, to look into a message that was encoded, or is in Outlook's own format.
    """
    return GAP.join(piece for _, piece in pieces(message, limit, files))


def pieces(message: Message, limit: int, files: Files | None = None) -> list[tuple[str, bytes]]:
    """The same in pieces, each with the media type of its part."""
    found: list[tuple[str, bytes]] = []
    left = limit
    try:
        for part in walk(message.headers, message.body):
            for piece in _texts(message, part, left, files):
                found.append((part.content_type, piece))
                left -= len(piece)
            if left < 0:
                raise _unseen(f"the text is larger than {limit} octets")
    except Failure as failure:
        raise _unseen(failure.detail) from None
    return found


def _texts(message: Message, part: Part, limit: int, files: Files | None) -> list[bytes]:
    """The texts of one node of the MIME map."""
    if part.defect:
        raise _unseen(part.defect)
    texts = []
    if part.depth:
        texts += [seen(field.text(header.value)) for header in part.headers if header.named("Subject")]
    if part.kind is not Kind.LEAF:
        # What stands around the parts is shown by programs that know no MIME.
        return [*texts, seen(undeclared(_octets(message, part, limit)))]
    if part.content_type in CMS_TYPES and not enveloped(message, part):
        raise _unseen("an S/MIME part is not encrypted, and what it wraps cannot be read")
    if part.content_type in UNREAD and files:
        return [*texts, *_encapsulated(files.of(part))]
    if part.content_type in UNREAD or part.content_type == "message/partial":
        raise _unseen(f"a part of type {part.content_type} cannot be read")
    if part.content_type.startswith(("text/", "message/", "multipart/")):
        octets = _octets(message, part, limit)
        shown = visible if part.content_type == "text/html" else str
        texts += [seen(shown(reading)) for reading in readings(octets, part.charset)]
    return texts


def _encapsulated(items: Sequence[Item]) -> list[bytes]:
    """The texts of a message that had to be opened like a file, and of messages in it."""
    texts = []
    for item in items:
        if item.kind in {kind.TNEF, kind.MAIL}:
            if item.state not in SEEN:
                raise _unseen(f"a message within is {item.state}: {item.detail}")
            texts.append(seen(item.text))
    return texts


def _unseen(detail: str) -> Failure:
    return Failure(Cause.UNINSPECTABLE, detail)


def _octets(message: Message, part: Part, limit: int) -> bytes:
    """The decoded octets of *part*."""
    if part.stop - part.start > 4 * limit + 1024:  # quoted-printable at its worst, with its line ends
        raise _unseen("the text is too large")
    return transfer.decoded(message.body.read(part.start, part.stop), part)
