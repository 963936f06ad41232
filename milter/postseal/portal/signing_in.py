"""Who reads shows that he reads his mailbox: he types his address, and the code that is sent there.

Every answer is the same for addresses that may read the message and those that may not, and so is the work
before it.  The code is mailed after the answer.
"""

import logging
import socket
from functools import partial
from typing import Final

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from postseal import log
from postseal.envelope import key, split
from postseal.errors import Failure
from postseal.portal.found import Found, found
from postseal.portal.header import PROPOSING, SIGNED_OUT
from postseal.portal.member import is_named, reader_of
from postseal.portal.passcode_mail import passcode_mail
from postseal.portal.post import Letter, Text
from postseal.portal.visit import Visit
from postseal.settings.settings import notices_from
from postseal.settings.sign_in import PASSCODE, PASSKEY
from postseal.store.audit import Entry, Event, Row, tell
from postseal.store.passcode_limits import Limited
from postseal.store.passcodes import Answer, Issued, Waiting
from postseal.store.schema import ADDRESS_CHARACTERS
from postseal.store.sealed import Addressee
from postseal.store.sessions import Session

_log = logging.getLogger(__name__)

PASSKEY_USE: Final = "+use"
"""Signing in with a passkey; no provider has a name like this."""


def ask_address(visit: Visit) -> Response:
    """The page where the address is typed, also while a code is waited for."""
    here = found(visit)
    return address_page(visit, here)


def send_code(visit: Visit) -> Response:
    """Make a code for the address that was typed, and mail it if that may read the message."""
    here = found(visit)
    if not _mailed(visit):
        raise HTTPException(404)
    typed = visit.form.texts.get("address", "").strip()
    if not is_address(typed):
        return address_page(visit, here, typed=typed, problem="address", status=422)
    address = key(typed)
    sure = is_named(here.message, address)
    known, session = visit.session is not None, visit.begun()
    issued = visit.desk.opened.passcodes.request(
        session.id, here.message.id, address, network=visit.network, known=sure, at=visit.at
    )
    if isinstance(issued, Limited):
        visit.desk.count.event("code_limited")
        if not known:  # or whoever asks without end would fill the store
            visit.unbegun()
        return address_page(visit, here, typed=typed, problem="limit", again=issued.again, status=429)
    visit.desk.count.event("code_asked")
    # After the answer is out: what is done for a recipient alone must not make his answer later.
    mailing = BackgroundTask(_mail, visit, here, address, issued)
    return RedirectResponse(f"/m/{here.handle}", 303, background=mailing)


def read_code(visit: Visit) -> Response:
    """Sign in whoever types the code that was sent to him."""
    here = found(visit)
    opened, session = visit.desk.opened, visit.session
    typed = visit.form.texts.get("code", "")
    waiting = opened.passcodes.waiting(session.id, here.message.id, at=visit.at) if session else None
    if waiting is None and (here.reader or pressed_twice(visit, here.message.id, typed)):
        return RedirectResponse(f"/m/{here.handle}", 303)
    if session is None or waiting is None:
        visit.desk.count.event("code_spent")
        return address_page(visit, here, problem="spent", status=422)
    entry = Entry(Event.AUTHENTICATED, here.message.id, waiting.address, PASSCODE)
    answer = redeemed(visit, here.message.id, session, waiting=waiting, typed=typed, entry=entry)
    if answer is Answer.SPENT and pressed_twice(visit, here.message.id, typed):  # at the very same time
        return RedirectResponse(f"/m/{here.handle}", 303)
    visit.desk.count.event(f"code_{answer.value}")
    visit.desk.count.sign_in("passcode", "", "good" if answer is Answer.RIGHT else answer.value)
    if answer is Answer.RIGHT:
        return RedirectResponse(f"/m/{here.handle}", 303)
    if answer is Answer.WRONG:  # a guess that was not looked at says nothing
        opened.audit.add([Entry(Event.FAILED, here.message.id, waiting.address, "passcode")], at=visit.at)
    if answer is Answer.WRONG and opened.passcodes.waiting(session.id, here.message.id, at=visit.at):
        return visit.page("code.html", status=422, here=here, waiting=waiting, problem="wrong")
    return address_page(visit, here, problem="spent", status=422)


def redeemed(
    visit: Visit, message: bytes, session: Session, *, waiting: Waiting, typed: str, entry: Entry
) -> Answer:
    """What becomes of the code for *message* that was *typed*; if it is right, he has signed in.

    *entry*: what the audit hears then.
    """
    opened, address = visit.desk.opened, waiting.address
    cookie, sessions = visit.heir(address, message), visit.desk.sessions
    rows: list[Row] = []

    def welcome(connection: Connection) -> None:
        sessions.follow(connection, session.id, cookie, address, PASSCODE, at=visit.at, message=message)
        rows[:] = opened.audit.added(connection, [entry], visit.at)

    answer = opened.passcodes.redeem(session.id, message, address, typed, at=visit.at, then=welcome)
    if answer is Answer.RIGHT:
        tell(rows)
        visit.inherit(cookie)
    return answer


def pressed_twice(visit: Visit, message: bytes, typed: str) -> bool:
    """Whether the code that was *typed* was right a moment ago; then this is the session that it began."""
    address = visit.desk.opened.passcodes.repeated(visit.given, message, typed, at=visit.at)
    return bool(address) and visit.inherit(visit.heir(address, message))


def sign_out(visit: Visit) -> Response:
    """End the session; the browser forgets everything of us, also while the store is away."""
    try:
        visit.sign_out()
    except Failure as failure:  # nobody has its cookie any more, and unused it ends by itself
        visit.desk.count.failures.labels(failure.cause.value).inc()
        _log.warning("%s", log.line(event="session_not_ended", why=failure.detail))
    visit.desk.count.event("signed_out")
    response = visit.page("signed_out.html")
    response.headers.update(SIGNED_OUT)
    return response


def code_or_address(visit: Visit, here: Found) -> Response:
    """The page for somebody who has not signed in: for the code, if he waits for one."""
    session = visit.session
    passcodes = visit.desk.opened.passcodes
    waiting = passcodes.waiting(session.id, here.message.id, at=visit.at) if session else None
    if waiting is None:
        return address_page(visit, here)
    return visit.page("code.html", here=here, waiting=waiting, problem="")


def address_page(
    visit: Visit, here: Found, *, typed: str = "", problem: str = "", again: object = None, status: int = 200
) -> Response:
    """The page with every way to sign in that there is."""
    facts = {"here": here, "typed": typed, "problem": problem, "again": again, "anew": here.anew}
    allows = visit.branding.allows
    facts["passcode"], facts["passkey"] = _mailed(visit), visit.desk.ceremony and allows(PASSKEY)
    accounts = (provider.settings for provider in visit.desk.providers.values())
    facts["accounts"] = [each for each in accounts if allows(each.name)]
    facts["options"] = None
    if not (facts["passcode"] and facts["passkey"]):
        return visit.page("address.html", status=status, **facts)
    # Beside what the browser proposes for the address, it may propose a passkey.
    facts["state"], facts["options"] = _proposed(visit, here)
    response = visit.page("address.html", status=status, **facts)
    response.headers.update(PROPOSING)
    return response


def _proposed(visit: Visit, here: Found) -> tuple[str, dict[str, object]]:
    """The state and the options of a sign-in by passkey that nobody has asked for yet."""
    begun = visit.desk.opened.sign_ins.offer(visit.browser, here.message.id, PASSKEY_USE, at=visit.at)
    assert visit.desk.ceremony  # noqa: S101 (whoever offers it has looked)
    ceremony = visit.desk.ceremony(visit.address_here, visit.branding.name or "")
    return begun.state, ceremony.to_sign_in(challenge=begun.nonce.encode())


def _mailed(visit: Visit) -> bool:
    return visit.desk.settings.sign_in.passcode and visit.branding.allows(PASSCODE)


def is_address(typed: str) -> bool:
    """Whether what was *typed* may be the address of a mailbox."""
    local, domain = split(typed)
    return bool(local and domain) and typed.isprintable() and len(key(typed)) <= ADDRESS_CHARACTERS


def _mail(visit: Visit, here: Found, address: str, issued: Issued) -> None:
    try:
        reader = reader_of(visit, here.message, address)
        if reader is None:
            return
        if not is_named(here.message, address):
            session = visit.begun().id
            issued = visit.desk.opened.passcodes.grant(issued, session, here.message.id, address, at=visit.at)
    except (
        Failure
    ) as failure:  # nobody waits for us any more, and the page has said what to do without a code
        visit.desk.count.failures.labels(failure.cause.value).inc()
        _log.error("%s", log.line(event="code_not_made", cause=failure.cause.value, why=failure.detail))
        return
    if issued.code is None:  # he had too many; the page must not say so
        visit.desk.count.event("code_limited")
        return
    if visit.desk.telephones and (number := visit.desk.telephones.of(address)):
        text_code(visit, here, issued, reader=reader, number=number)
        return
    settings, audit, clock = visit.desk.settings, visit.desk.opened.audit, visit.desk.clock
    sender = settings.portal.passcodes_from or notices_from(settings, socket.gethostname())
    name = visit.branding.name or visit.address_here.partition("://")[2]
    write = partial(
        passcode_mail,
        issued,
        here.message,
        reader,
        sender=sender,
        name=name,
        at=visit.at,
        language=visit.language,
    )
    entry = Entry(Event.CODE_SENT, here.message.id, reader.address)
    visit.desk.post.send(Letter(write, sender, reader.written, lambda: audit.add([entry], at=clock())))


def text_code(visit: Visit, here: Found, issued: Issued, *, reader: Addressee, number: str) -> None:
    """Have the code sent to the telephone of *reader*."""
    assert issued.code  # noqa: S101 (who gets a text gets a code)
    audit, clock = visit.desk.opened.audit, visit.desk.clock
    _ = visit.translate
    said = _(
        "{code} is your code for an encrypted message from {sender} ({reference}). Tell it to nobody."
    ).format(
        code=f"{issued.code[:4]} {issued.code[4:]}", sender=here.message.sender, reference=issued.reference
    )
    # The last line lets telephones fill it in on this host and on no other (origin-bound one-time codes).
    host = visit.address_here.partition("://")[2].partition(":")[0]
    entry = Entry(Event.CODE_SENT, here.message.id, reader.address, "sms")
    visit.desk.post.send(
        Text(f"{said}\n\n@{host} #{issued.code}", number, lambda: audit.add([entry], at=clock()))
    )
