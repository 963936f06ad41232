"""A message as a file: an .eml, or one that was attached in base64."""

import re

from postseal.body import Body
from postseal.cms import field
from postseal.cms.mime import Kind, walk
from postseal.cms.scanner import Scanner
from postseal.content import html, transfer
from postseal.content.inspection import Unread, Visit, unsupported
from postseal.content.item import State
from postseal.errors import Cause, Failure

_MBOX = re.compile(rb"(?:From [^\r\n]*\r?\n)?")


def read(octets: bytes, visit: Visit) -> None:
    """The subject, and every part as a file within."""
    visit.item.opens = True
    body = Body.of(_MBOX.sub(b"", octets, count=1))
    block = Scanner(body).header_block(())
    message = Body.of(body.read(block.start))
    for value in (header.value for header in block.headers if header.named("Subject", "From", "To", "Cc")):
        visit.text(field.text(value))
    try:
        for part in walk(block.headers, message):
            if part.depth and part.kind is Kind.MESSAGE:
                continue
            for header in part.headers:
                if header.named("Subject") and part.depth:
                    visit.text(field.text(header.value))
            if part.defect:
                visit.unread(part.filename or "part", part.stop - part.start, unsupported(part.defect))
            elif part.kind is Kind.LEAF:
                decoded = visit.unpacked(transfer.decoded(message.read(part.start, part.stop), part))
                if part.content_type.startswith("text/") and not part.filename:
                    shown = html.visible if part.content_type == "text/html" else str
                    visit.part(decoded, part.charset, shown=shown)
                else:
                    visit.inside(part.filename or "part", decoded)
            else:
                visit.text(message.read(part.start, part.stop).decode("utf-8", "replace"))
    except Failure as failure:
        state = State.LIMIT if failure.cause is Cause.LIMIT else State.UNSUPPORTED
        raise Unread(state, failure.detail) from None
