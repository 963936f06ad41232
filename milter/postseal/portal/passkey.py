"""Passkeys: made by somebody who has signed in otherwise, and from then on in place of a code.

Each ceremony is begun by a form of ours, which makes a challenge for this browser; the page that answers asks
the authenticator, and brings its answer back in a form.  Where an address is typed, a browser may propose a
passkey on its own; that challenge is in the page alone until it is answered.  A challenge is good once.
"""

import hashlib
import hmac
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from postseal import log
from postseal.accounts.refusal import NotProven, Reason
from postseal.portal.found import Found, SignedOut, found, read_by
from postseal.portal.header import DEVICE
from postseal.portal.member import may_sign_in
from postseal.portal.signing_in import PASSKEY_USE, address_page
from postseal.portal.visit import Visit
from postseal.settings.sign_in import PASSKEY
from postseal.store.audit import Entry, Event
from postseal.store.passkeys import Passkey
from postseal.store.sign_ins import Begun, Spoilt

if TYPE_CHECKING:  # its library is an extra
    from postseal.portal.ceremony import Ceremony

_log = logging.getLogger(__name__)

_MAKE: Final = "+make"
"""No provider has a name like this, nor like that of the other."""


class _Unbegun(NotProven):
    """Nothing was begun here: there is nothing to tell the audit, which anybody could fill."""


def own(visit: Visit) -> Response:
    """The page with one's own passkeys."""
    _ceremony(visit)
    here, _ = read_by(visit)
    return _own_page(visit, here)


def make(visit: Visit) -> Response:
    """Begin to make a passkey."""
    ceremony = _ceremony(visit)
    here, reader = read_by(visit)
    if not _fresh(visit):
        return _own_page(visit, here, problem="fresh", status=403)
    begun = _begun(visit, here, _MAKE)
    if begun is None:
        return _own_page(visit, here, problem="limit", status=429)
    opened = visit.desk.opened
    user = hmac.new(opened.secret.derive("passkey"), visit.address.encode(), hashlib.sha256).digest()
    known = opened.passkeys.of(visit.address, at=visit.at)
    options = ceremony.to_make(reader.address, user=user, challenge=_challenge(begun), known=known)
    return _asking(visit, here, begun, options, kind="make", answer="passkeys/add")


def add(visit: Visit) -> Response:
    """Keep the passkey that was made."""
    ceremony = _ceremony(visit)
    here, reader = read_by(visit)
    try:
        _keep(visit, here, ceremony, reader.address)
    except NotProven as refusal:
        _refuse(visit, here, refusal)
        return _own_page(visit, here, problem="refused", status=422)
    visit.desk.opened.audit.add([Entry(Event.PASSKEY_ADDED, here.message.id, reader.address)], at=visit.at)
    return RedirectResponse(f"/m/{here.handle}/passkeys", 303)


def remove(visit: Visit) -> Response:
    """Forget one of one's own passkeys."""
    _ceremony(visit)
    here, reader = read_by(visit)
    try:
        id_ = bytes.fromhex(visit.form.texts.get("id", ""))
    except ValueError:
        id_ = b""
    if visit.desk.opened.passkeys.remove(reader.address, id_):
        entry = Entry(Event.PASSKEY_REMOVED, here.message.id, reader.address)
        visit.desk.opened.audit.add([entry], at=visit.at)
    return RedirectResponse(f"/m/{here.handle}/passkeys", 303)


def ask(visit: Visit) -> Response:
    """Begin to sign in with a passkey."""
    ceremony = _ceremony(visit)
    here = _found(visit)
    begun = _begun(visit, here, PASSKEY_USE)
    if begun is None:
        visit.desk.count.sign_in("passkey", "", "limited")
        return address_page(visit, here, problem="limit", status=429)
    options = ceremony.to_sign_in(challenge=_challenge(begun))
    return _asking(visit, here, begun, options, kind="use", answer="passkey/answer")


def answer(visit: Visit) -> Response:
    """Sign in whoever has the passkey of a recipient."""
    ceremony = _ceremony(visit)
    here = _found(visit)
    try:
        passkey = _used(visit, here, ceremony)
    except NotProven as refusal:
        _refuse(visit, here, refusal)
        return address_page(visit, here, problem="passkey", status=403)
    visit.sign_in(passkey.address, PASSKEY, here.message.id)
    entry = Entry(Event.AUTHENTICATED, here.message.id, passkey.address, "passkey")
    visit.desk.opened.audit.add([entry], at=visit.at)
    visit.desk.count.sign_in("passkey", "", "good")
    return RedirectResponse(f"/m/{here.handle}", 303)


def _keep(visit: Visit, here: Found, ceremony: "Ceremony", address: str) -> None:
    """Keep the passkey of *address* that was made.  Raises NotProven."""
    begun = _finished(visit, here, _MAKE)
    life = timedelta(seconds=visit.desk.settings.sign_in.passkey_life)
    written = visit.form.texts.get("credential", "")
    made = ceremony.made(written, address, challenge=_challenge(begun), at=visit.at, life=life)
    if not _fresh(visit) or not visit.desk.opened.passkeys.add(made):
        raise NotProven(Reason.STATE, "known already, or one too many")


def _used(visit: Visit, here: Found, ceremony: "Ceremony") -> Passkey:
    """The passkey that has answered, of a recipient.  Raises NotProven."""
    begun = _finished(visit, here, PASSKEY_USE)
    written = visit.form.texts.get("credential", "")
    passkeys = visit.desk.opened.passkeys
    passkey = passkeys.find(ceremony.named(written), at=visit.at)
    if passkey is None:
        raise NotProven(Reason.UNKNOWN)
    counter = ceremony.counter(written, passkey, challenge=_challenge(begun))
    if not passkeys.use(passkey, counter, at=visit.at):
        raise NotProven(Reason.COUNTER, "used twice at the same time")
    if not may_sign_in(visit, here.message, passkey.address, PASSKEY):
        raise NotProven(Reason.RECIPIENT)
    return passkey


def _ceremony(visit: Visit) -> "Ceremony":
    if visit.desk.ceremony is None:
        raise HTTPException(404)
    here = visit.address_here
    return visit.desk.ceremony(here, visit.branding.name or here.partition("://")[2])


def _found(visit: Visit) -> Found:
    here = found(visit)
    if not visit.branding.allows(PASSKEY):
        raise HTTPException(404)
    return here


def _fresh(visit: Visit) -> bool:
    # A passkey that makes another would never end.
    return visit.session is not None and visit.session.how != PASSKEY


def _begun(visit: Visit, here: Found, method: str) -> Begun | None:
    return visit.desk.opened.sign_ins.begin(
        visit.begun().id, here.message.id, method, back="", network=visit.network, at=visit.at
    )


def _finished(visit: Visit, here: Found, method: str) -> Begun:
    session, state = visit.session, visit.form.texts.get("state", "")
    sign_ins, network = visit.desk.opened.sign_ins, visit.network
    if method == PASSKEY_USE and "." in state:  # the page has proposed it; nobody has asked
        begun = sign_ins.accept(state, visit.given, here.message.id, method, network=network, at=visit.at)
        if begun is None:
            raise _Unbegun(Reason.STATE)
        return begun
    if session is None:
        raise _Unbegun(Reason.STATE)
    finished = sign_ins.finish(state, session.id, method, at=visit.at)
    if isinstance(finished, Spoilt):
        raise (NotProven if finished.messages else _Unbegun)(Reason.STATE)
    if finished.message != here.message.id:
        raise NotProven(Reason.STATE)
    return finished.begun


def _challenge(begun: Begun) -> bytes:
    return begun.nonce.encode()


def _asking(
    visit: Visit, here: Found, begun: Begun, options: dict[str, object], *, kind: str, answer: str
) -> Response:
    """The page that asks the authenticator."""
    where = f"/m/{here.handle}/{answer}"
    response = visit.page(
        "passkey.html", here=here, kind=kind, where=where, options=options, state=begun.state
    )
    response.headers.update(DEVICE)
    return response


def _own_page(visit: Visit, here: Found, *, problem: str = "", status: int = 200) -> Response:
    if not visit.address:
        raise SignedOut(here.handle)
    mine = visit.desk.opened.passkeys.of(visit.address, at=visit.at)
    facts = {"here": here, "passkeys": mine, "fresh": _fresh(visit), "problem": problem}
    return visit.page("passkeys.html", status=status, **facts)


def _refuse(visit: Visit, here: Found, refusal: NotProven) -> None:
    reason = refusal.reason.value
    visit.desk.count.sign_in("passkey", "", reason)
    line = log.line(event="sign_in_refused", method="passkey", why=reason, detail=refusal.detail or None)
    _log.warning("%s", line)
    if not isinstance(refusal, _Unbegun):
        entry = Entry(Event.FAILED, here.message.id, detail=f"passkey: {reason}")
        visit.desk.opened.audit.add([entry], at=visit.at)
