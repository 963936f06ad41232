"""Who has signed in, and ending that: a telephone is lost, or somebody has left."""

from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.administering.visit import Visit
from postseal.envelope import key
from postseal.portal.field import Text
from postseal.portal.refusal import Reason, Refused
from postseal.store.sessions import Sessions
from postseal.store.signing_out import sign_out

WHO: Final = {"address": Text()}


def overview(visit: Visit) -> Response:
    """The sessions and passkeys of the address that was asked for."""
    written = visit.request.query_params.get("address", "").strip()
    opened, address = visit.desk.opened, key(written)
    sessions = Sessions(opened.store).every(address, at=visit.at) if address else ()
    administrators = visit.desk.administrators.every(address, at=visit.at) if address else ()
    both = (opened.passkeys, visit.desk.passkeys)
    passkeys = [one for verbs in both for one in verbs.of(address, at=visit.at)] if address else []
    facts: dict[str, object] = {"sessions": sessions, "administrators": administrators, "passkeys": passkeys}
    return _page(visit, address, facts)


def end(visit: Visit) -> Response:
    """End all of them."""
    address = key(visit.form.texts.get("address", "").strip())
    if not address:
        raise Refused(Reason.MALFORMED)
    by = f"by {visit.address}, an administrator"
    ended = sign_out(visit.desk.opened, address, by=by, at=visit.at)
    if address == visit.address:
        return RedirectResponse("/sign-in", 303)
    return _page(visit, address, {"ended": ended})


def _page(visit: Visit, address: str, facts: dict[str, object]) -> Response:
    nothing: dict[str, object] = {"sessions": (), "administrators": (), "passkeys": (), "ended": None}
    return visit.page("people.html", status=200, address=address, **(nothing | facts))
