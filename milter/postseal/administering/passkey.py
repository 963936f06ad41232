"""Passkeys of administrators: made by somebody who has signed in otherwise, from then on in place of that.

They are none of readers': those came about by a code by mail.  A passkey has no groups, so it is for people
whom the settings name by their address, and it makes no further passkey.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from starlette.responses import RedirectResponse, Response

from postseal.accounts.refusal import NotProven, Reason
from postseal.administering import sign_in
from postseal.administering.desk import role_of
from postseal.administering.visit import Visit
from postseal.administering.way import Missing
from postseal.portal.field import Text
from postseal.portal.header import DEVICE
from postseal.settings.sign_in import PASSKEY
from postseal.store.audit import Entry, Event
from postseal.store.passkeys import Passkey
from postseal.store.sign_ins import Begun

if TYPE_CHECKING:  # its library is an extra
    from postseal.portal.ceremony import Ceremony

CREDENTIAL: Final = {"state": Text(64), "credential": Text(20_000)}
"""What a device has answered."""
WHICH: Final = {"id": Text(64)}

_MAKE: Final = "+make"
_USE: Final = "+use"
"""No provider has a name like these."""
_USER_OCTETS: Final = 32


def own(visit: Visit) -> Response:
    """The page with one's own passkeys."""
    _ceremony(visit)
    return _own_page(visit)


def make(visit: Visit) -> Response:
    """Begin to make a passkey."""
    ceremony = _ceremony(visit)
    if not _may_make(visit):
        return _own_page(visit, problem="fresh", status=403)
    begun = sign_in.begun(visit, _MAKE)
    if begun is None:
        return _own_page(visit, problem="limit", status=429)
    known = visit.desk.passkeys.of(visit.address, at=visit.at)
    user = visit.desk.opened.secret.derive(f"administrator {visit.address}")[:_USER_OCTETS]
    options = ceremony.to_make(visit.address, user=user, challenge=_challenge(begun), known=known)
    return _asking(visit, begun, options, kind="make")


def add(visit: Visit) -> Response:
    """Keep the passkey that was made."""
    ceremony = _ceremony(visit)
    try:
        challenge = _challenge(sign_in.finished(visit, visit.form.texts.get("state", ""), _MAKE))
        life = timedelta(seconds=visit.desk.settings.sign_in.passkey_life)
        written = visit.form.texts.get("credential", "")
        made = ceremony.made(written, visit.address, challenge=challenge, at=visit.at, life=life)
        _keep(visit, made)
    except NotProven as refusal:
        sign_in.refuse(visit, PASSKEY, refusal)
        return _own_page(visit, problem="refused", status=422)
    return RedirectResponse("/passkeys", 303)


def remove(visit: Visit) -> Response:
    """Forget one of one's own passkeys."""
    _ceremony(visit)
    try:
        id_ = bytes.fromhex(visit.form.texts.get("id", ""))
    except ValueError:
        id_ = b""
    if visit.desk.passkeys.remove(visit.address, id_):
        _tell(visit, Event.PASSKEY_REMOVED)
    return RedirectResponse("/passkeys", 303)


def ask(visit: Visit) -> Response:
    """Begin to sign in with a passkey."""
    ceremony = _ceremony(visit)
    begun = sign_in.begun(visit, _USE)
    if begun is None:
        return sign_in.page(visit, problem="limit", status=429)
    return _asking(visit, begun, ceremony.to_sign_in(challenge=_challenge(begun)), kind="use")


def answer(visit: Visit) -> Response:
    """Sign in whoever has the passkey of somebody with a role."""
    ceremony = _ceremony(visit)
    try:
        passkey = _used(visit, ceremony)
    except NotProven as refusal:
        return sign_in.refused(visit, PASSKEY, refusal)
    visit.sign_in(passkey.address, PASSKEY)
    visit.tell(f"signed in: passkey, {visit.role}")
    return RedirectResponse("/", 303)


def _keep(visit: Visit, made: Passkey) -> None:
    visit.tell("make a passkey")
    if not _may_make(visit) or not visit.desk.passkeys.add(made):
        raise NotProven(Reason.STATE, "known already, or one too many")
    _tell(visit, Event.PASSKEY_ADDED)


def _used(visit: Visit, ceremony: "Ceremony") -> Passkey:
    """The passkey that has answered, of somebody with a role.  Raises NotProven."""
    begun = sign_in.finished(visit, visit.form.texts.get("state", ""), _USE)
    written, passkeys = visit.form.texts.get("credential", ""), visit.desk.passkeys
    passkey = passkeys.find(ceremony.named(written), at=visit.at)
    if passkey is None:
        raise NotProven(Reason.UNKNOWN)
    counter = ceremony.counter(written, passkey, challenge=_challenge(begun))
    if not passkeys.use(passkey, counter, at=visit.at):
        raise NotProven(Reason.COUNTER, "used twice at the same time")
    if role_of(visit.desk.settings.admin.people, passkey.address, ()) is None:
        raise NotProven(Reason.NO_ROLE)
    return passkey


def _ceremony(visit: Visit) -> "Ceremony":
    if visit.desk.ceremony is None:
        raise Missing
    name = visit.desk.branding.name or visit.address_here.partition("://")[2]
    return visit.desk.ceremony(visit.address_here, name)


def _may_make(visit: Visit) -> bool:
    # A passkey that makes another would never end; of groups nobody knows how long somebody is in them.
    named = role_of(visit.desk.settings.admin.people, visit.address, ()) is not None
    return named and visit.session is not None and visit.session.how != PASSKEY


def _challenge(begun: Begun) -> bytes:
    return begun.nonce.encode()


def _asking(visit: Visit, begun: Begun, options: dict[str, object], *, kind: str) -> Response:
    """The page that asks the authenticator."""
    where = "/passkeys/add" if kind == "make" else "/passkey/answer"
    response = visit.page("passkey.html", kind=kind, where=where, options=options, state=begun.state)
    response.headers.update(DEVICE)
    return response


def _own_page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    mine = visit.desk.passkeys.of(visit.address, at=visit.at)
    facts = {"passkeys": mine, "may_make": _may_make(visit), "problem": problem}
    return visit.page("passkeys.html", status=status, **facts)


def _tell(visit: Visit, event: Event) -> None:
    entry = Entry(event, address=visit.address, detail="an administrator's own")
    visit.desk.opened.audit.add([entry], at=visit.at)
