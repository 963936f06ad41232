"""How administrators sign in: with an account whose provider the settings trust with that, or by a link.

A code by mail is not enough here: who reads an administrator's mailbox would be one.  Links are made on the
host itself, by whoever may read the master keys there (`postseal admin link`), and are good once.
"""

import logging
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from postseal import log
from postseal.accounts.journey import Returned, Secrets
from postseal.accounts.refusal import NotProven, Reason
from postseal.administering.desk import role_of
from postseal.administering.visit import Visit
from postseal.administering.way import Missing
from postseal.portal.header import SIGNED_OUT
from postseal.store.administrators import LINK
from postseal.store.audit import Entry, Event
from postseal.store.schema_sealed import ID_OCTETS
from postseal.store.sign_ins import Begun, Spoilt

if TYPE_CHECKING:  # its library is an extra
    from postseal.accounts.provider import Provider

_log = logging.getLogger(__name__)

_NO_MESSAGE: Final = bytes(ID_OCTETS)


class Unbegun(NotProven):
    """Nothing was begun here: there is nothing to tell the audit, which anybody could fill."""


def ways(visit: Visit) -> Response:
    """The page with every way to sign in that there is."""
    return page(visit)


def page(visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    """The same, with what has gone wrong."""
    accounts = [provider.settings for provider in visit.desk.providers.values()]
    facts = {"accounts": accounts, "problem": problem, "passkey": visit.desk.ceremony is not None}
    return visit.page("sign_in.html", status=status, **facts)


def begun(visit: Visit, method: str) -> Begun | None:
    """A sign-in of this browser by *method*; None if there were too many within the hour."""
    known, session = visit.session is not None, visit.begun()
    begun = visit.desk.opened.sign_ins.begin(
        session.id, _NO_MESSAGE, method, back="", network=visit.network, at=visit.at
    )
    if begun is None and not known:  # or whoever asks without end would fill the store
        visit.sign_out()
    return begun


def refused(visit: Visit, method: str, refusal: NotProven) -> Response:
    """The page for somebody who has not come in: the same whatever it was."""
    refuse(visit, method, refusal)
    return page(visit, problem="refused", status=403)


def refuse(visit: Visit, method: str, refusal: NotProven) -> None:
    """Tell log and audit of somebody who has proved nothing."""
    reason = refusal.reason.value
    line = log.line(event="admin_refused", method=method, why=reason, detail=refusal.detail or None)
    _log.warning("%s", line)
    if not isinstance(refusal, Unbegun):
        entry = Entry(Event.FAILED, detail=f"administrators: {method}: {reason}")
        visit.desk.opened.audit.add([entry], at=visit.at)


def leave(visit: Visit) -> Response:
    """Begin to sign in with a provider: the page that goes on there."""
    provider = _provider(visit)
    away = begun(visit, provider.settings.name)
    if away is None:
        return page(visit, problem="limit", status=429)
    try:
        url = provider.authorization(_secrets(visit, provider, away))
    except NotProven as refusal:
        return refused(visit, provider.settings.name, refusal)
    host = urlsplit(url).hostname
    return visit.page("leaving.html", url=url, host=host, caption=provider.settings.caption)


def arrive(visit: Visit) -> Response:
    """Sign in who comes back from a provider with proof of who he is, if the settings know him."""
    provider, people = _provider(visit), visit.desk.settings.admin.people
    name = provider.settings.name
    try:
        address, groups = _proved(visit, provider)
    except NotProven as refusal:
        return refused(visit, name, refusal)
    if role_of(people, address, groups) is None:
        return refused(visit, name, NotProven(Reason.NO_ROLE))
    # Only those that matter here: a directory may have thousands.
    visit.sign_in(address, name, [group for group in groups if role_of(people, "", [group])])
    visit.tell(f"signed in: oidc {name}, {visit.role}")
    return RedirectResponse("/", 303)


def doorstep(visit: Visit) -> Response:
    """The page behind a link.  Looking at it spends nothing: robots follow links."""
    return visit.page("enter.html", word=visit.request.path_params["word"])


def enter(visit: Visit) -> Response:
    """Sign in who has a link that is good."""
    address = visit.desk.administrators.followed(str(visit.request.path_params["word"]), at=visit.at)
    if not address or role_of(visit.desk.settings.admin.people, address, ()) is None:
        return refused(visit, LINK, Unbegun(Reason.STATE))
    visit.sign_in(address, LINK)
    visit.tell(f"signed in: link, {visit.role}")
    return RedirectResponse("/", 303)


def sign_out(visit: Visit) -> Response:
    """End the session; the browser forgets everything of us."""
    if visit.address:
        visit.tell("signed out")
    visit.sign_out()
    response = page(visit, problem="signed_out")
    response.headers.update(SIGNED_OUT)
    return response


def finished(visit: Visit, state: str, method: str) -> Begun:
    """The sign-in of *state* that this browser has begun by *method*, once.  Raises NotProven."""
    if visit.session is None:
        raise Unbegun(Reason.STATE)
    found = visit.desk.opened.sign_ins.finish(state, visit.session.id, method, at=visit.at)
    if isinstance(found, Spoilt):
        raise (NotProven if found.messages else Unbegun)(Reason.STATE)
    return found.begun


def _proved(visit: Visit, provider: "Provider") -> tuple[str, tuple[str, ...]]:
    """The address that was proved, and the groups.  Raises NotProven."""
    asked = visit.request.query_params
    away = finished(visit, asked.get("state", ""), provider.settings.name)
    returned = Returned(asked.get("code", ""), asked.get("iss", ""), asked.get("error", ""))
    return provider.proved(returned, _secrets(visit, provider, away), at=visit.at)


def _provider(visit: Visit) -> "Provider":
    provider = visit.desk.providers.get(str(visit.request.path_params["provider"]))
    if provider is None:
        raise Missing
    return provider


def _secrets(visit: Visit, provider: "Provider", begun: Begun) -> Secrets:
    redirect = f"{visit.desk.settings.admin.address}/account/{provider.settings.name}"
    return Secrets(redirect, begun.state, begun.nonce, begun.verifier)
