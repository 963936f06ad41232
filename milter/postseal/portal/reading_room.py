"""A message, shown to a recipient who has signed in: the page around it, its body, its files.

The body is a document of its own that a browser treats as a stranger; files are always saved, never opened in
the portal's place.
"""

import re

from starlette.responses import RedirectResponse, Response, StreamingResponse

from postseal.licence import SAVED
from postseal.message import Message
from postseal.portal import saved
from postseal.portal.forward import forwarding
from postseal.portal.found import Found, Gone, found, read_by
from postseal.portal.lock import lock_page
from postseal.portal.opened import message_of, password_of
from postseal.portal.oversight import oversees
from postseal.portal.reading import note
from postseal.portal.reply import ways
from postseal.portal.restricted import Withheld, labels, may_save, may_take, restraint, viewable
from postseal.portal.signing_in import code_or_address
from postseal.portal.visit import Visit
from postseal.reading.restraint import FREE, Restraint
from postseal.reading.view import View, view
from postseal.reading.walls import BODY_HEADERS, SANDBOX
from postseal.store.audit import Event
from postseal.store.sealed import Addressee

_NUMBER = re.compile("[0-9]{1,18}")
_WHOLE = "message.eml"


def message(visit: Visit) -> Response:
    """The page around a message; for everybody else, the page where he signs in."""
    here = found(visit)
    if here.locked:
        return lock_page(visit, here)
    if here.reader is None:
        if oversees(visit):
            return RedirectResponse(f"/m/{here.handle}/oversight", 303)
        return code_or_address(visit, here)
    original = message_of(visit, here, here.reader)
    outbox, seen = visit.desk.opened.outbox, _seen(visit, original)
    lockable = frozenset() if may_save(here) else saved.lockables(here, seen)
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
        offline=may_take(here),
        viewable=viewable(here, seen),
        lockable=lockable,
        password=password_of(visit, here, here.reader) if lockable else "",
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
    if not may_save(here) and here.message.licence.attachments not in SAVED:
        raise Withheld
    number = str(visit.request.path_params["number"])
    file = _view(visit, here, reader).attachment(int(number)) if _NUMBER.fullmatch(number) else None
    if may_save(here):
        if file is None:
            raise Gone
        answer = saved.octets(file.pieces(), file.name, file.kind, file.size)
    else:
        if file is None:
            raise Withheld
        answer = saved.file(visit, here, reader, file)
    note(visit, here, Event.FETCHED, number)
    return answer


def whole(visit: Visit) -> Response:
    """The message as it was sent, for a mail program, where no right is withheld."""
    here, reader = read_by(visit)
    if here.message.rights:  # a mail program would ask nobody what it may do
        raise Withheld
    original = message_of(visit, here, reader)
    note(visit, here, Event.FETCHED, _WHOLE)
    return saved.octets(original.pieces(), _WHOLE, "message/rfc822", original.size)


def _view(visit: Visit, here: Found, reader: Addressee, restrained: Restraint = FREE) -> View:
    return _seen(visit, message_of(visit, here, reader), restrained)


def _seen(visit: Visit, original: Message, restrained: Restraint = FREE) -> View:
    spool, say = visit.desk.spool, visit.translate
    return view(original, spool, say=say, language=visit.language, restraint=restrained)
