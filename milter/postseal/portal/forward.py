"""Forwarding: a reader names others, who then read the message as he does, each with a sign-in of his own.

Whether he may, and to whom, is decided below (`postseal.replying.forwards`), with every request anew.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.portal.found import Found, Gone, read_by
from postseal.portal.opened import message_of
from postseal.portal.outgoing import Outgoing
from postseal.portal.restricted import Withheld
from postseal.portal.visit import Visit
from postseal.reading.view import view
from postseal.replying.forwards import NONCE, NOTE, Forwarding, NotTo, Unfit
from postseal.replying.original import NotAllowed, Why
from postseal.store.branches import Branch
from postseal.store.sealed import Addressee, Kind

_NONCE: Final = re.compile(rf"[0-9a-f]{{{2 * NONCE}}}")


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the page of a message says about forwarding.

    *offered*: whether its reader may.  *by*, *since*, *note*: who has forwarded it to him, "" for nobody.
    *to*: to whom he has.
    """

    offered: bool
    by: str = ""
    since: datetime | None = None
    note: str = ""
    to: tuple[str, ...] = ()


def forwarding(visit: Visit, here: Found, reader: Addressee) -> Forwarded:
    """How *reader* came to the message, and to whom he has passed it."""
    outgoing = visit.desk.outgoing
    branches = visit.desk.opened.branches.of(here.message.id)
    forwards = [each for each in branches if each.kind is Kind.FORWARD]
    to = tuple(_written(here, each.address) for each in forwards if each.parent == reader.address)
    offered = outgoing is not None and outgoing.forwards.offered(here.message, visit.address)
    own = next((each for each in forwards if each.address == reader.address), None)
    if own is None:
        return Forwarded(offered, to=to)
    note = _note(visit, here, reader, own)
    return Forwarded(offered, _written(here, own.parent), own.since, note, to)


def form(visit: Visit) -> Response:
    """The page on which a reader names others."""
    here, _, outgoing = _allowed(visit)
    return _page(visit, here, outgoing)


def send(visit: Visit) -> Response:
    """Let the people who were named read the message, and show that they are told."""
    here, reader, outgoing = _allowed(visit)
    texts = visit.form.texts
    nonce, note = texts.get("nonce", ""), texts.get("note", "").replace("\r\n", "\n")
    if not _NONCE.fullmatch(nonce) or len(note) > NOTE:
        return _page(visit, here, outgoing, problem="note", status=422)
    named = Forwarding(bytes.fromhex(nonce), texts.get("to", ""), note)
    original = message_of(visit, here, reader)
    try:
        new = outgoing.forwards.send(here.container, original, visit.address, named)
    except NotTo as error:
        return _page(visit, here, outgoing, problem="to", unfit=error.unfit, status=422)
    except NotAllowed as error:
        if error.why is Why.GONE:
            raise Gone from None
        return _page(visit, here, outgoing, problem=error.why.value, status=422)
    if new:
        visit.desk.count.event("forwarded")
    outgoing.wake()
    return RedirectResponse(f"/m/{here.handle}/forwarded", 303)


def sent(visit: Visit) -> Response:
    """The page that says that they are told."""
    here, _ = read_by(visit)
    return visit.page("forwarded.html", here=here)


def _allowed(visit: Visit) -> tuple[Found, Addressee, Outgoing]:
    """Raises SignedOut, Gone, and Withheld."""
    here, reader = read_by(visit)
    outgoing = visit.desk.outgoing
    if outgoing is None or not outgoing.forwards.offered(here.message, visit.address):
        raise Withheld("forwarding")
    return here, reader, outgoing


def _page(
    visit: Visit,
    here: Found,
    outgoing: Outgoing,
    *,
    problem: str = "",
    unfit: tuple[tuple[str, Unfit], ...] = (),
    status: int = 200,
) -> Response:
    _, reader = read_by(visit)
    texts = visit.form.texts
    nonce = texts.get("nonce", "")
    return visit.page(
        "forward.html",
        status=status,
        here=here,
        reader=reader,
        subject=view(message_of(visit, here, reader), visit.desk.spool).subject,
        nonce=nonce if _NONCE.fullmatch(nonce) else secrets.token_hex(NONCE),
        to=texts.get("to", ""),
        note=texts.get("note", ""),
        longest=NOTE,
        limits=outgoing.forwards.limits,
        problem=problem,
        unfit=unfit,
    )


def _note(visit: Visit, here: Found, reader: Addressee, branch: Branch) -> str:
    outgoing = visit.desk.outgoing
    return outgoing.forwards.note(here.message, reader, branch) if outgoing else ""


def _written(here: Found, address: str) -> str:
    known = here.message.addressee(address)
    return known.written if known else address
