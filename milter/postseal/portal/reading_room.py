"""A message, shown to a recipient who has signed in: the page around it, its body, its files.

Only here is anything decrypted, and only what was verified to its end is shown.  The body is a document of
its own that a browser treats as a stranger; files are always saved, never opened in the portal's place.
"""

import io
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from postseal import message_file
from postseal.body import Body
from postseal.message import Message
from postseal.portal.found import Found, Gone, found, read_by
from postseal.portal.refusal import Reason, Refused
from postseal.portal.signing_in import code_or_address
from postseal.portal.visit import Visit
from postseal.reading.view import View, view
from postseal.reading.walls import ATTACHMENT_HEADERS, BODY_HEADERS, SANDBOX
from postseal.sealed.container import Tampered, opened
from postseal.store.audit import Entry, Event
from postseal.store.sealed import Addressee, unwrapped

_WHOLE = "message.eml"


def message(visit: Visit) -> Response:
    """The page around a message; for everybody else, the page where he signs in."""
    here = found(visit)
    if here.reader is None:
        return code_or_address(visit, here)
    seen = _view(visit, here, here.reader)
    return visit.page(
        "message.html",
        here=here,
        reader=here.reader,
        seen=seen,
        whole=_may_save(here),
        sandbox=SANDBOX,
    )


def body(visit: Visit) -> Response:
    """The document with the body of a message."""
    here, reader = read_by(visit)
    seen = _view(visit, here, reader)
    _note(visit, here, Event.SHOWN)
    visit.desk.count.event("shown")
    return StreamingResponse(seen.document.pieces(), 200, BODY_HEADERS)


def attachment(visit: Visit) -> Response:
    """A file, to be saved."""
    here, reader = read_by(visit)
    number = int(visit.request.path_params["number"])
    file = _view(visit, here, reader).attachment(number)
    if file is None:
        raise Gone
    _note(visit, here, Event.FETCHED, str(number))
    visit.desk.count.event("fetched")
    return _saved(file.pieces(), file.name, file.kind, file.size)


def whole(visit: Visit) -> Response:
    """The message as it was sent, for a mail program, where no right is withheld."""
    here, reader = read_by(visit)
    if not _may_save(here):
        raise Gone
    original = _message(visit, here, reader)
    _note(visit, here, Event.FETCHED, _WHOLE)
    visit.desk.count.event("fetched")
    return _saved(original.pieces(), _WHOLE, "message/rfc822", original.size)


def _view(visit: Visit, here: Found, reader: Addressee) -> View:
    message = _message(visit, here, reader)
    return view(message, visit.desk.spool, say=visit.translate, language=visit.language)


def _message(visit: Visit, here: Found, reader: Addressee) -> Message:
    """What is sealed, after all of it was verified.  Raises Refused if somebody has changed it."""
    ring = visit.desk.opened
    key = unwrapped(here.message, reader, ring.keys)
    try:
        plain = opened(ring.containers.pieces(here.container), key, visit.desk.spool)
    except Tampered:
        ring.audit.add([Entry(Event.FAILED, here.message.id, reader.address, "container")], at=visit.at)
        visit.desk.count.event("tampered")
        raise Refused(Reason.NOT_SEALED) from None
    return parsed(plain, visit)


def parsed(plain: Body, visit: Visit) -> Message:
    """The message in *plain*, without a copy of its body."""
    end = 0 if plain.read(0, 2) == b"\r\n" else plain.find(b"\r\n\r\n") + 2
    header = message_file.read(io.BytesIO(plain.read(0, end)), visit.desk.spool)
    return header.with_body(plain.part(end + 2))


def _may_save(here: Found) -> bool:
    return not here.message.rights


def _note(visit: Visit, here: Found, event: Event, detail: str = "") -> None:
    entry = Entry(event, here.message.id, visit.address, detail)
    visit.desk.opened.audit.add([entry], at=visit.at)


def _saved(pieces: Iterator[bytes], name: str, kind: str, size: int) -> Response:
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266
    fields = {**ATTACHMENT_HEADERS, "Content-Disposition": disposition, "Content-Length": str(size)}
    return StreamingResponse(pieces, 200, fields, kind)
