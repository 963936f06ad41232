"""A sender shows that he reads his mailbox, or signs in with an account elsewhere.

Every answer is the same, whether or not anything was sent from the address that was typed.
"""

import logging
import socket
from functools import partial
from typing import TYPE_CHECKING, Final

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from postseal.accounts.journey import Returned
from postseal.accounts.refusal import NotProven, Reason
from postseal.envelope import key
from postseal.portal import account
from postseal.portal.passcode_mail import sender_passcode_mail
from postseal.portal.post import Letter
from postseal.portal.sender import counts, inside, senders
from postseal.portal.signing_in import is_address, pressed_twice, redeemed
from postseal.portal.visit import Side, Visit
from postseal.settings.settings import notices_from
from postseal.settings.sign_in import PASSCODE
from postseal.store.audit import Entry, Event
from postseal.store.passcode_limits import Limited
from postseal.store.passcodes import Answer, Issued
from postseal.store.senders import SENDERS, has_sent
from postseal.store.sign_ins import Finished, Spoilt

if TYPE_CHECKING:  # its library is an extra
    from postseal.accounts.provider import Provider

_log = logging.getLogger(__name__)

_HOME: Final = "/sent"
_STATE: Final = "sent."
"""Before the state of a sign-in that a sender has begun: it names the cookie that it was begun with."""


def ask_address(visit: Visit) -> Response:
    """The page where the address is typed, also while a code is waited for."""
    return address_page(visit)


def send_code(visit: Visit) -> Response:
    """Make a code for the address that was typed, and mail it if that is a sender's."""
    if not _mailed(visit):
        raise HTTPException(404)
    typed = visit.form.texts.get("address", "").strip()
    if not is_address(typed):
        return address_page(visit, typed=typed, problem="address", status=422)
    address, opened = key(typed), visit.desk.opened
    begun, session = visit.session is not None, visit.begun()
    # Both are asked of every address, so that the answer takes the same time.
    known = has_sent(opened.store, address) & inside(visit, address)
    issued = opened.passcodes.request(
        session.id, SENDERS, address, network=visit.network, known=known, at=visit.at
    )
    if isinstance(issued, Limited):
        visit.desk.count.event("code_limited")
        if not begun:  # or whoever asks without end would fill the store
            visit.unbegun()
        return address_page(visit, typed=typed, problem="limit", again=issued.again, status=429)
    visit.desk.count.event("code_asked")
    return RedirectResponse(_HOME, 303, background=BackgroundTask(_mail, visit, address, issued))


def read_code(visit: Visit) -> Response:
    """Sign in whoever types the code that was sent to him."""
    senders(visit)
    opened, session = visit.desk.opened, visit.session
    typed = visit.form.texts.get("code", "")
    waiting = opened.passcodes.waiting(session.id, SENDERS, at=visit.at) if session else None
    if waiting is None and pressed_twice(visit, SENDERS, typed):
        return RedirectResponse(_HOME, 303)
    if session is None or waiting is None or not _mailed(visit):
        visit.desk.count.event("code_spent")
        return address_page(visit, problem="spent", status=422)
    entry = Entry(Event.AUTHENTICATED, None, waiting.address, f"as a sender, {PASSCODE}")
    answer = redeemed(visit, SENDERS, session, waiting=waiting, typed=typed, entry=entry)
    if answer is Answer.SPENT and pressed_twice(visit, SENDERS, typed):  # at the very same time
        return RedirectResponse(_HOME, 303)
    visit.desk.count.event(f"code_{answer.value}")
    visit.desk.count.sign_in("passcode", "", "good" if answer is Answer.RIGHT else answer.value)
    if answer is Answer.RIGHT:
        return RedirectResponse(_HOME, 303)
    if answer is Answer.WRONG:
        entry = Entry(Event.FAILED, None, waiting.address, f"as a sender, {PASSCODE}")
        opened.audit.add([entry], at=visit.at)
    if answer is Answer.WRONG and opened.passcodes.waiting(session.id, SENDERS, at=visit.at):
        return visit.page("sender_code.html", status=422, waiting=waiting, problem="wrong")
    return address_page(visit, problem="spent", status=422)


def leave(visit: Visit) -> Response:
    """Begin to sign in with a provider: the page that goes on there."""
    provider = account.provider_of(visit)
    if not counts(visit, provider.settings.name):
        raise HTTPException(404)
    name, session = provider.settings.name, visit.begun()
    begun = visit.desk.opened.sign_ins.begin(
        session.id, SENDERS, name, back=_HOME, network=visit.network, at=visit.at
    )
    if begun is None:
        visit.desk.count.sign_in("oidc", name, "limited")
        return address_page(visit, problem="limit", status=429)
    try:
        url = provider.authorization(account.secrets_of(visit, provider, begun, prefix=_STATE))
    except NotProven as refusal:
        account.refuse(visit, provider, refusal, ())
        return RedirectResponse(f"{_HOME}/account", 303)
    return account.leaving(visit, provider, url, back=_HOME)


def arrive(visit: Visit) -> Response:
    """Sign in who comes back from a provider: a sender, or a reader, as the state says."""
    state = visit.request.query_params.get("state", "")
    if not state.startswith(_STATE):
        return account.arrive(visit)
    own = Visit(visit.desk, visit.request, Side.SENDERS)
    return own.signed(_arrived(own, state.removeprefix(_STATE)))


def failed(visit: Visit) -> Response:
    """The page for somebody whom an account elsewhere did not bring here."""
    return address_page(visit, problem="account", status=403)


def sign_in_page(visit: Visit) -> Response:
    """The page for somebody who has not signed in: for the code, if he waits for one."""
    session = visit.session
    passcodes = visit.desk.opened.passcodes
    waiting = passcodes.waiting(session.id, SENDERS, at=visit.at) if session else None
    if waiting is None:
        return address_page(visit)
    return visit.page("sender_code.html", waiting=waiting, problem="")


def address_page(
    visit: Visit, *, typed: str = "", problem: str = "", again: object = None, status: int = 200
) -> Response:
    """The page with every way to sign in that counts for senders."""
    providers = (provider.settings for provider in visit.desk.providers.values())
    facts = {"typed": typed, "problem": problem, "again": again, "passcode": _mailed(visit)}
    accounts = [each for each in providers if counts(visit, each.name)]
    return visit.page("sender_address.html", status=status, accounts=accounts, **facts)


def _arrived(visit: Visit, state: str) -> Response:
    provider, opened = account.provider_of(visit), visit.desk.opened
    name, session = provider.settings.name, visit.session
    if session is None or not counts(visit, name):
        visit.desk.count.sign_in("oidc", name, Reason.STATE.value)
        return RedirectResponse(f"{_HOME}/account", 303)
    finished = opened.sign_ins.finish(state, session.id, name, at=visit.at)
    try:
        address = _proved(visit, provider, finished)
    except NotProven as refusal:
        account.refuse(visit, provider, refusal, ())
        return RedirectResponse(f"{_HOME}/account", 303)
    visit.sign_in(address, name, SENDERS)
    opened.audit.add([Entry(Event.AUTHENTICATED, None, address, f"as a sender, oidc {name}")], at=visit.at)
    visit.desk.count.sign_in("oidc", name, "good")
    return RedirectResponse(_HOME, 303)


def _proved(visit: Visit, provider: "Provider", finished: Finished | Spoilt) -> str:
    """The address that was proved, of somebody inside.  Raises NotProven."""
    if isinstance(finished, Spoilt) or finished.message != SENDERS:
        raise NotProven(Reason.STATE)
    asked = visit.request.query_params
    returned = Returned(asked.get("code", ""), asked.get("iss", ""), asked.get("error", ""))
    secrets = account.secrets_of(visit, provider, finished.begun, prefix=_STATE)
    address = provider.address(returned, secrets, at=visit.at)
    if not inside(visit, address):
        raise NotProven(Reason.RECIPIENT)
    return address


def _mailed(visit: Visit) -> bool:
    return counts(visit, PASSCODE)


def _mail(visit: Visit, address: str, issued: Issued) -> None:
    if issued.code is None:  # nothing was sent from there, or he had too many; the page says neither
        return
    settings = visit.desk.settings
    sender = settings.portal.passcodes_from or notices_from(settings, socket.gethostname())
    name = visit.branding.name or visit.address_here.partition("://")[2]
    write = partial(
        sender_passcode_mail, issued, address, sender=sender, name=name, at=visit.at, language=visit.language
    )
    audit, clock = visit.desk.opened.audit, visit.desk.clock
    entry = Entry(Event.CODE_SENT, None, address, "as a sender")
    visit.desk.post.send(Letter(write, sender, address, lambda: audit.add([entry], at=clock())))
