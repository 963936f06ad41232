"""A copy of a message to take along: one file that a browser opens without a network, by a passphrase.

It is made here and not in the reader's browser: it has to be sanitised, restrained and marked here anyway,
and saving works without a script, as all of the portal does.  The passphrase comes with the request and is
kept nowhere.  What the copy may hold, and until when it is good, is decided here; keeping to it is up to
the file and its browser (docs/rights.md).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from starlette.responses import Response, StreamingResponse

from postseal.portal.found import Found, read_by
from postseal.portal.offline_copy import Copy, moment, written
from postseal.portal.opened import message_of, password_of
from postseal.portal.page import rendered
from postseal.portal.passphrase import SHORTEST, proposed, weakness
from postseal.portal.reading import note
from postseal.portal.restricted import Withheld, labels, may_save, may_take, restraint
from postseal.portal.saved import encrypted
from postseal.portal.visit import Visit
from postseal.reading.attachment import Attachment, Content
from postseal.reading.view import View, view
from postseal.reading.walls import ATTACHMENT_HEADERS, SANDBOX
from postseal.store.audit import Event
from postseal.store.sealed import Addressee


def form(visit: Visit) -> Response:
    """The page where a passphrase is chosen."""
    here, reader = _permitted(visit)
    return _page(visit, here, reader)


def take(visit: Visit) -> Response:
    """The copy, for the passphrase that was chosen."""
    here, reader = _permitted(visit)
    passphrase = visit.form.texts.get("passphrase", "")
    known = (reader.written, *reader.address.split("@"), here.message.sender, visit.branding.name)
    if weak := weakness(passphrase, visit.form.texts.get("again", ""), known=known):
        return _page(visit, here, reader, problem=weak.value, status=422)
    copy = _copy(visit, here, reader)
    note(visit, here, Event.COPIED, moment(copy.ends) if copy.ends else "")
    name = visit.branding.name or visit.address_here.partition("://")[2]
    file = written(copy, passphrase, language=visit.language, branding=visit.branding, name=name)
    called = f'attachment; filename="encrypted-{here.message.id.hex()[:8]}.html"'
    fields = {**ATTACHMENT_HEADERS, "Content-Disposition": called}
    return StreamingResponse(file, 200, fields, "text/html; charset=utf-8")


def _permitted(visit: Visit) -> tuple[Found, Addressee]:
    """Raises Gone, SignedOut, and Withheld."""
    here, reader = read_by(visit)
    if not may_take(here):
        raise Withheld("taking")
    return here, reader


def _page(visit: Visit, here: Found, reader: Addressee, *, problem: str = "", status: int = 200) -> Response:
    return visit.page(
        "offline.html",
        status=status,
        here=here,
        problem=problem,
        proposed=proposed(),
        until=_until(here, reader, visit.at),
        shortest=SHORTEST,
        saving=may_save(here),
    )


def _copy(visit: Visit, here: Found, reader: Addressee) -> Copy:
    """What the reader may take along."""
    seen = view(
        message_of(visit, here, reader),
        visit.desk.spool,
        say=visit.translate,
        language=visit.language,
        restraint=restraint(visit, here, reader),
    )
    until = _until(here, reader, visit.at)
    files = tuple(_files(visit, here, reader, seen))
    closed = bool(files) and not may_save(here)
    content = rendered(
        "offline_content.html",
        visit.language,
        seen=seen,
        withheld=here.message.rights,
        labels=labels(visit, here),
        saving=may_save(here),
        inside={each.number for each in files},
        lockable=closed,
        password=password_of(visit, here, reader) if closed else "",
        reader=reader,
        at=visit.at,
        until=until,
        sandbox=SANDBOX,
    )
    return Copy(content, seen.document, files, visit.at, until)


def _files(visit: Visit, here: Found, reader: Addressee, seen: View) -> Iterator[Attachment]:
    """What may leave as a file, as it may."""
    for each in seen.attachments:
        if each.shown:
            continue
        with suppress(Withheld):
            free = may_save(here)
            yield each if free else replace(each, content=Content(encrypted(visit, here, reader, each)))


def _until(here: Found, reader: Addressee, at: datetime) -> datetime | None:
    """How long a copy that is made at the time *at* can be read; None for ever."""
    seconds = here.message.licence.seconds
    ends = [reader.expires, at + timedelta(seconds=seconds) if seconds else None]
    return min((end for end in ends if end), default=None)
