"""A message, shown to a recipient who has signed in: the page around it, its body, its files.

The body is a document of its own that a browser treats as a stranger; files are always saved, never opened in
the portal's place.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from postseal.message import Message
from postseal.portal.forward import forwarding
from postseal.portal.found import Found, Gone, found, read_by
from postseal.portal.opened import message_of
from postseal.portal.reading import note
from postseal.portal.reply import ways
from postseal.portal.restricted import Withheld, check_saving, labels, may_save, restraint, viewable
from postseal.portal.signing_in import code_or_address
from postseal.portal.visit import Visit
from postseal.reading.restraint import FREE, Restraint
from postseal.reading.view import View, view
from postseal.reading.walls import ATTACHMENT_HEADERS, BODY_HEADERS, SANDBOX
from postseal.store.audit import Event
from postseal.store.sealed import Addressee

_NUMBER = re.compile("[0-9]{1,18}")
_WHOLE = "message.eml"


def message(visit: Visit) -> Response:
    """The page around a message; for everybody else, the page where he signs in."""
    here = found(visit)
    if here.reader is None:
        return code_or_address(visit, here)
    original = message_of(visit, here, here.reader)
    outbox, seen = visit.desk.opened.outbox, _seen(visit, original)
    return visit.page(
        "message.html",
        here=here,
        reader=here.reader,
        seen=seen,
        ways=ways(visit, here, original),
        forwarding=forwarding(visit, here, here.reader),
        given_up=outbox.given_up(here.message.id, visit.address),
        whole=not here.message.rights,
        saving=may_save(here),
        viewable=viewable(seen),
        withheld=here.message.rights,
        labels=labels(visit, here),
        sandbox=SANDBOX,
    )


def body(visit: Visit) -> Response:
    """The document with the body of a message."""
    here, reader = read_by(visit)
    seen = _view(visit, here, reader, restraint(visit, here, reader))
    note(visit, here, Event.SHOWN)
    return StreamingResponse(seen.document.pieces(), 200, BODY_HEADERS)


def attachment(visit: Visit) -> Response:
    """A file, to be saved."""
    here, reader = read_by(visit)
    check_saving(here)
    number = str(visit.request.path_params["number"])
    file = _view(visit, here, reader).attachment(int(number)) if _NUMBER.fullmatch(number) else None
    if file is None:
        raise Gone
    note(visit, here, Event.FETCHED, number)
    return _saved(file.pieces(), file.name, file.kind, file.size)


def whole(visit: Visit) -> Response:
    """The message as it was sent, for a mail program, where no right is withheld."""
    here, reader = read_by(visit)
    if here.message.rights:  # a mail program would ask nobody what it may do
        raise Withheld
    original = message_of(visit, here, reader)
    note(visit, here, Event.FETCHED, _WHOLE)
    return _saved(original.pieces(), _WHOLE, "message/rfc822", original.size)


def _view(visit: Visit, here: Found, reader: Addressee, restrained: Restraint = FREE) -> View:
    return _seen(visit, message_of(visit, here, reader), restrained)


def _seen(visit: Visit, original: Message, restrained: Restraint = FREE) -> View:
    spool, say = visit.desk.spool, visit.translate
    return view(original, spool, say=say, language=visit.language, restraint=restrained)


def _saved(pieces: Iterator[bytes], name: str, kind: str, size: int) -> Response:
    plain = "".join(
        each if each.isascii() and each.isprintable() and each not in '"\\%' else "_" for each in name
    )
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"  # RFC 6266
    fields = {**ATTACHMENT_HEADERS, "Content-Disposition": disposition, "Content-Length": str(size)}
    return StreamingResponse(pieces, 200, fields, kind)
