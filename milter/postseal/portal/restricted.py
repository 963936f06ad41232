"""What policy withholds from the readers of a message: refused here, made hard, or only recorded.

Saving is refused by the server.  Printing and copying are for a browser to refuse, and only made hard; what
is shown carries the mark of who reads it.  docs/rights.md says which is which.
"""

import re
from base64 import b64encode
from dataclasses import dataclass

from starlette.responses import Response

from postseal.licence import Attachments
from postseal.portal.choosing import NAMES
from postseal.portal.found import Found, Gone, read_by
from postseal.portal.opened import message_of
from postseal.portal.reading import note
from postseal.portal.visit import Visit
from postseal.reading import picture
from postseal.reading.attachment import Attachment
from postseal.reading.restraint import COPY, FREE, PRINT, Restraint, cover
from postseal.reading.view import View, view
from postseal.rights import Right
from postseal.store.audit import Event
from postseal.store.sealed import Addressee

_TOLD = frozenset({"do_not_forward"})
"""The templates that are always there and of which a reader is told."""
_NUMBER = re.compile("[0-9]{1,18}")
_PAGE = re.compile("[0-9]{1,5}")


class Withheld(Exception):
    """Somebody may read something, and not do that with it.

    *why*: `saving`; `taking` a copy along; `showing`: not even see it; `signed`, `locking`: nor could it be
    encrypted; `forwarding`.
    """

    def __init__(self, why: str = "saving") -> None:
        super().__init__(why)
        self.why = why


def may_save(here: Found) -> bool:
    """Whether what is in the message may leave the portal as a file."""
    return Right.SAVE.value not in here.message.rights


def may_take(here: Found) -> bool:
    """Whether the reader may take along a copy that opens without the portal.

    What may be saved anyway may be saved encrypted, unless who reads it must sign in each time.
    """
    licence = here.message.licence
    return licence.offline or (not here.message.rights and licence.seconds != 0)


def restraint(visit: Visit, here: Found, reader: Addressee) -> Restraint:
    """What the document with the text keeps its *reader* from."""
    if may_save(here):
        return FREE
    return Restraint(frozenset({PRINT, COPY}.intersection(here.message.rights)), mark(visit, here, reader))


def labels(visit: Visit, here: Found) -> list[tuple[str, str]]:
    """Names and descriptions of a message's templates, for its reader; he is told of none without a name."""
    found = []
    for each in here.message.licence.labels:
        own = NAMES[each.word] if each.word in _TOLD else ""
        name = visit.translate(own) if own else each.name.read(visit.language)
        if name:
            found.append((name, each.description.read(visit.language)))
    return found


def viewable(here: Found, seen: View) -> frozenset[int]:
    """The numbers of the attachments that can be looked at without being saved."""
    if here.message.licence.attachments is Attachments.WITHHOLD:
        return frozenset()
    return frozenset(each.number for each in seen.attachments if picture.drawable(each))


def page(visit: Visit) -> Response:
    """A page of a file that must not be saved, as a picture with the mark of who reads it."""
    asked = _asked(visit)
    drawn = picture.page(asked.file, asked.page, visit.desk.spool, mark=asked.mark)
    if drawn is None:
        raise Withheld("showing")
    note(visit, asked.here, Event.SHOWN, f"{asked.file.number}, page {asked.page + 1}")
    octets = b64encode(drawn.png).decode("ascii")
    read = picture.has_text(asked.file) and asked.here.message.licence.attachments is not Attachments.PICTURES
    alone = picture.is_text_alone(asked.file)
    return visit.page("pages.html", asked=asked, pages=drawn.pages, picture=octets, read=read, alone=alone)


def words(visit: Visit) -> Response:
    """The text of a page, for a reader to whom a picture says nothing."""
    asked = _asked(visit)
    if asked.here.message.licence.attachments is Attachments.PICTURES:
        raise Withheld("showing")
    found = picture.words(asked.file, asked.page, visit.desk.spool)
    if found is None:
        raise Withheld("showing")
    note(visit, asked.here, Event.SHOWN, f"{asked.file.number}, page {asked.page + 1} as text")
    alone = picture.is_text_alone(asked.file)
    across = cover(asked.mark)
    return visit.page("words.html", asked=asked, pages=found.pages, text=found.text, alone=alone, mark=across)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A page that may be shown: *page*, from 0, of *file*."""

    here: Found
    file: Attachment
    page: int
    mark: str


def _asked(visit: Visit) -> _Asked:
    """The page that the request's path names.  Raises Gone and Withheld."""
    here, reader = read_by(visit)
    number, page = (str(visit.request.path_params[word]) for word in ("number", "page"))
    if may_save(here) or not _NUMBER.fullmatch(number) or not _PAGE.fullmatch(page):
        raise Gone
    if here.message.licence.attachments is Attachments.WITHHOLD:
        raise Withheld("showing")
    seen = view(message_of(visit, here, reader), visit.desk.spool)
    file = seen.attachment(int(number))
    if file is None:
        raise Gone
    return _Asked(here, file, int(page), mark(visit, here, reader))


def mark(visit: Visit, here: Found, reader: Addressee) -> str:
    """Who reads what when."""
    return f"{reader.written} · {visit.at:%Y-%m-%d %H:%M} UTC · {here.message.id.hex()[:8]}"
