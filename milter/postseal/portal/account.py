"""Signing in with an account elsewhere: off to a provider, and back with what proves an address.

A visitor sets out by a form of ours, which makes a state for his browser and answers with a page that goes
on to the provider: not with a redirect, because a browser lets no form of ours end elsewhere.  He comes back
by a GET, which is taken only with that state.  Whatever goes wrong, he reads the same page, and it says
nothing of who may read the message; audit, log and metrics have the reason.
"""

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from postseal import log
from postseal.accounts.journey import Returned, Secrets
from postseal.accounts.refusal import NotProven, Reason
from postseal.portal.found import found
from postseal.portal.member import may_sign_in
from postseal.portal.signing_in import address_page
from postseal.portal.visit import Visit
from postseal.store.audit import Entry, Event
from postseal.store.sign_ins import Begun, Finished, Spoilt

if TYPE_CHECKING:  # its library is an extra
    from postseal.accounts.provider import Provider

_log = logging.getLogger(__name__)


def leave(visit: Visit) -> Response:
    """Begin to sign in with a provider: the page that goes on there."""
    here = found(visit)
    provider = provider_of(visit)
    if not visit.branding.allows(provider.settings.name):
        raise HTTPException(404)
    session = visit.begun()
    begun = visit.desk.opened.sign_ins.begin(
        session.id,
        here.message.id,
        provider.settings.name,
        back=f"/m/{here.handle}",
        network=visit.network,
        at=visit.at,
    )
    if begun is None:
        visit.desk.count.sign_in("oidc", provider.settings.name, "limited")
        return address_page(visit, here, problem="limit", status=429)
    try:
        url = provider.authorization(secrets_of(visit, provider, begun))
    except NotProven as refusal:
        refuse(visit, provider, refusal, (here.message.id,))
        return RedirectResponse(f"/m/{here.handle}/account", 303)
    return leaving(visit, provider, url, back=f"/m/{here.handle}")


def leaving(visit: Visit, provider: "Provider", url: str, *, back: str) -> Response:
    """The page that goes on to *provider*; *back*: where he came from."""
    host = urlsplit(url).hostname
    return visit.page("leaving.html", url=url, host=host, caption=provider.settings.caption, back=back)


def arrive(visit: Visit) -> Response:
    """Sign in who comes back from a provider with proof of an address that the message was sent to."""
    provider = provider_of(visit)
    name = provider.settings.name
    session, opened = visit.session, visit.desk.opened
    if (
        session is None
    ):  # nothing was begun here: there is nothing to tell the audit, which anybody could fill
        visit.desk.count.sign_in("oidc", name, Reason.STATE.value)
        return RedirectResponse("/account", 303)
    finished = opened.sign_ins.finish(
        visit.request.query_params.get("state", ""), session.id, name, at=visit.at
    )
    if isinstance(finished, Spoilt):
        refuse(visit, provider, NotProven(Reason.STATE), finished.messages)
        return RedirectResponse("/account", 303)
    try:
        address = _address(visit, provider, finished)
    except NotProven as refusal:
        refuse(visit, provider, refusal, (finished.message,))
        # Not here: the address of this page has the code in it.
        return RedirectResponse(f"{finished.back}/account", 303)
    visit.sign_in(address, name, finished.message)
    entry = Entry(Event.AUTHENTICATED, finished.message, address, f"oidc {name}")
    opened.audit.add([entry], at=visit.at)
    visit.desk.count.sign_in("oidc", name, "good")
    return RedirectResponse(finished.back, 303)


def failed(visit: Visit) -> Response:
    """The page for somebody whom an account elsewhere did not bring to the message that he came for."""
    return address_page(visit, found(visit), problem="account", status=403)


def lost(visit: Visit) -> Response:
    """The page for somebody who comes back, and it is not known what he came for."""
    return visit.page("error.html", status=403, kind="account")


def _address(visit: Visit, provider: "Provider", finished: Finished) -> str:
    """The address that was proved, of a recipient.  Raises NotProven."""
    asked = visit.request.query_params
    returned = Returned(asked.get("code", ""), asked.get("iss", ""), asked.get("error", ""))
    address = provider.address(returned, secrets_of(visit, provider, finished.begun), at=visit.at)
    message = visit.desk.opened.messages.of(finished.message)
    if message is None or not may_sign_in(visit, message, address, provider.settings.name):
        raise NotProven(Reason.RECIPIENT)
    return address


def provider_of(visit: Visit) -> "Provider":
    """The provider in the request's path."""
    provider = visit.desk.providers.get(str(visit.request.path_params["provider"]))
    if provider is None:
        raise HTTPException(404)
    return provider


def secrets_of(visit: Visit, provider: "Provider", begun: Begun, *, prefix: str = "") -> Secrets:
    """The secrets of a sign-in; *prefix*: before its state, as the provider hears it."""
    # On the host where he is: his cookie is good for no other.
    redirect = f"{visit.address_here}/account/{provider.settings.name}"
    return Secrets(redirect, prefix + begun.state, begun.nonce, begun.verifier)


def refuse(visit: Visit, provider: "Provider", refusal: NotProven, messages: tuple[bytes, ...]) -> None:
    """Note why *provider* has proved nothing, also in the audit of *messages*."""
    name, reason = provider.settings.name, refusal.reason.value
    visit.desk.count.sign_in("oidc", name, reason)
    line = log.line(event="sign_in_refused", method="oidc", provider=name, why=reason, detail=refusal.detail)
    _log.warning("%s", line)
    entries = [Entry(Event.FAILED, message, detail=f"oidc {name}: {reason}") for message in messages]
    visit.desk.opened.audit.add(entries, at=visit.at)
