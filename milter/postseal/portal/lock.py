"""What a sender asks for besides: the page for a passphrase that he has told, or for a code by telephone.

Only who has signed in as a recipient comes here, so nothing that these pages say tells a stranger anything.
A number that the sender has given opens his message alone, never others of its recipient: it is no way to
sign in.  What was opened is so until the session ends.
"""

import hashlib

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.responses import RedirectResponse, Response

from postseal.portal.found import Found, SignedOut, found
from postseal.portal.signing_in import text_code
from postseal.portal.visit import Visit
from postseal.store.audit import Entry, Event, Row, tell
from postseal.store.locks import Kind, Turn
from postseal.store.passcode_limits import Limited
from postseal.store.passcodes import Answer, Waiting
from postseal.store.sealed import Addressee
from postseal.store.sessions import Session


def lock_page(
    visit: Visit, here: Found, *, problem: str = "", again: object = None, status: int = 200
) -> Response:
    """The page for what is still closed, one after the other."""
    reader, session = _who(visit, here)
    kind = here.closed[0]
    facts: dict[str, object] = {"here": here, "reader": reader, "problem": problem, "again": again}
    if kind is Kind.PASSPHRASE:
        return visit.page("passphrase.html", status=status, **facts)
    facts["waiting"] = _waiting(visit, here, session)
    facts["ending"] = visit.desk.opened.locks.number(here.message, reader)[-2:]
    facts["texts"] = visit.desk.telephones is not None
    return visit.page("telephone.html", status=status, **facts)


def read_passphrase(visit: Visit) -> Response:
    """Open the message to who types the passphrase."""
    here = found(visit)
    if Kind.PASSPHRASE not in here.closed:  # pressed twice
        return _back(here)
    reader, session = _who(visit, here)
    opened, typed = visit.desk.opened, visit.form.texts.get("passphrase", "")
    tried = opened.locks.tried(session.id, here.message, reader, typed, at=visit.at)
    visit.desk.count.sign_in("passphrase", "", "good" if tried.turn is Turn.RIGHT else tried.turn.value)
    if tried.turn is Turn.LATER:
        return lock_page(visit, here, problem="limit", again=tried.again, status=429)
    event = Event.AUTHENTICATED if tried.turn is Turn.RIGHT else Event.FAILED
    opened.audit.add([Entry(event, here.message.id, reader.address, "passphrase")], at=visit.at)
    return _back(here) if tried.turn is Turn.RIGHT else lock_page(visit, here, problem="wrong", status=422)


def send_code(visit: Visit) -> Response:
    """Make a code, and have it sent to the telephone that the sender has named."""
    here = found(visit)
    if Kind.NUMBER not in here.closed:
        return _back(here)
    reader, session = _who(visit, here)
    opened = visit.desk.opened
    if visit.desk.telephones is None:
        return lock_page(visit, here, problem="away", status=503)
    number = opened.locks.number(here.message, reader)
    issued = opened.passcodes.request(
        _by_telephone(session),
        here.message.id,
        reader.address,
        network=visit.network,
        known=True,
        at=visit.at,
    )
    if isinstance(issued, Limited):
        visit.desk.count.event("code_limited")
        return lock_page(visit, here, problem="limit", again=issued.again, status=429)
    if issued.code is None:  # he knows that he is a recipient, so he may know that he had his share
        visit.desk.count.event("code_limited")
        return lock_page(visit, here, problem="share", status=429)
    visit.desk.count.event("code_asked")
    sending = BackgroundTask(text_code, visit, here, issued, reader=reader, number=number)
    return RedirectResponse(f"/m/{here.handle}", 303, background=sending)


def read_code(visit: Visit) -> Response:
    """Open the message to who types the code that went to the telephone."""
    here = found(visit)
    if Kind.NUMBER not in here.closed:  # pressed twice
        return _back(here)
    reader, session = _who(visit, here)
    opened, message, typed = visit.desk.opened, here.message.id, visit.form.texts.get("code", "")
    entry = Entry(Event.AUTHENTICATED, message, reader.address, "telephone")
    rows: list[Row] = []

    def open_it(connection: Connection) -> None:
        opened.locks.open(connection, session.id, message, reader.address, Kind.NUMBER, at=visit.at)
        rows[:] = opened.audit.added(connection, [entry], visit.at)

    answer = opened.passcodes.redeem(
        _by_telephone(session), message, reader.address, typed, at=visit.at, then=open_it
    )
    visit.desk.count.event(f"code_{answer.value}")
    visit.desk.count.sign_in("telephone", "", "good" if answer is Answer.RIGHT else answer.value)
    if answer is Answer.RIGHT:
        tell(rows)
        return _back(here)
    if answer is Answer.WRONG:
        opened.audit.add([Entry(Event.FAILED, message, reader.address, "telephone")], at=visit.at)
    waits = answer is Answer.WRONG and _waiting(visit, here, session)
    return lock_page(visit, here, problem="wrong" if waits else "spent", status=422)


def _by_telephone(session: Session) -> bytes:
    """What these codes are bound to: one that came by mail to the same session must not do in their place."""
    return hashlib.sha256(b"postseal telephone" + session.id).digest()


def _who(visit: Visit, here: Found) -> tuple[Addressee, Session]:
    if here.locked is None or visit.session is None:
        raise SignedOut(here.handle)
    return here.locked, visit.session


def _waiting(visit: Visit, here: Found, session: Session) -> Waiting | None:
    return visit.desk.opened.passcodes.waiting(_by_telephone(session), here.message.id, at=visit.at)


def _back(here: Found) -> Response:
    return RedirectResponse(f"/m/{here.handle}", 303)
