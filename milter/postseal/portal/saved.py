"""What leaves the portal as a file: as it was sent, or, where that is withheld, encrypted for its reader.

Which files may leave encrypted, policy has said when the message was sealed.  One that cannot be encrypted
does not leave.
"""

import logging
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from postseal import log
from postseal.body import Body
from postseal.licence import SAVED, Attachments
from postseal.portal.found import Found
from postseal.portal.opened import password_of
from postseal.portal.restricted import Withheld, mark
from postseal.portal.visit import Visit
from postseal.reading.attachment import Attachment
from postseal.reading.locked import Lock, NotLocked, Why, lockable, locked
from postseal.reading.view import View
from postseal.reading.walls import ATTACHMENT_HEADERS
from postseal.rights import Right
from postseal.store.sealed import Addressee

_log = logging.getLogger(__name__)
_ASK_NOBODY = frozenset({Right.PRINT.value, Right.COPY.value, Right.EDIT.value})
"""What no program withholds from whoever has opened an Office document."""


def lockables(here: Found, seen: View) -> frozenset[int]:
    """The numbers of the attachments that its reader can save, encrypted."""
    return frozenset(each.number for each in seen.attachments if _may_lock(here, each))


def file(visit: Visit, here: Found, reader: Addressee, attachment: Attachment) -> Response:
    """*attachment*, encrypted with the reader's password, to be saved.  Raises Withheld."""
    body = encrypted(visit, here, reader, attachment)
    return octets(body.pieces(), attachment.name, attachment.kind, body.size)


def encrypted(visit: Visit, here: Found, reader: Addressee, attachment: Attachment) -> Body:
    """*attachment*, encrypted with the reader's password.  Raises Withheld."""
    if not _may_lock(here, attachment):
        raise Withheld
    allowed = sorted(_ASK_NOBODY.difference(here.message.rights))
    lock = Lock(password_of(visit, here, reader), allowed, mark(visit, here, reader))
    try:
        return locked(attachment, lock, visit.desk.spool)
    except NotLocked as refusal:
        if refusal.why is Why.MISSING:
            _log.warning("%s", log.line(event="file_not_locked", why="postseal[pdf,office] is not installed"))
        raise Withheld("signed" if refusal.why is Why.SIGNED else "locking") from None


def octets(pieces: Iterator[bytes], name: str, kind: str, size: int) -> Response:
    """A file, to be saved."""
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266
    fields = {**ATTACHMENT_HEADERS, "Content-Disposition": disposition, "Content-Length": str(size)}
    return StreamingResponse(pieces, 200, fields, kind)


def _may_lock(here: Found, attachment: Attachment) -> bool:
    choice, kind = here.message.licence.attachments, lockable(attachment)
    if choice not in SAVED or not kind:
        return False
    asks = kind == "pdf" or choice is Attachments.PASSWORD
    return asks or _ASK_NOBODY.isdisjoint(here.message.rights)
