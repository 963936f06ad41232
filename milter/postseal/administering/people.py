"""Who has signed in, and ending that: a telephone is lost, or somebody has left."""

from typing import Final

from starlette.responses import RedirectResponse, Response

from postseal.administering.visit import Visit
from postseal.envelope import key
from postseal.portal.field import Text
from postseal.portal.refusal import Reason, Refused
from postseal.settings.admin import Role
from postseal.store.sessions import Sessions
from postseal.store.signing_out import sign_out, sign_out_reader

WHO: Final = {"address": Text()}


def overview(visit: Visit) -> Response:
    """The sessions and passkeys of the address that was asked for."""
    written = visit.request.query_params.get("address", "").strip()
    opened, address, at = visit.desk.opened, key(written), visit.at
    if not address:
        return _page(visit, "", {})
    facts: dict[str, object] = {"sessions": Sessions(opened.store).every(address, at=at)}
    passkeys = list(opened.passkeys.of(address, at=at))
    if _all(visit, address):
        facts["administrators"] = visit.desk.administrators.every(address, at=at)
        passkeys += visit.desk.passkeys.of(address, at=at)
    return _page(visit, address, facts | {"passkeys": passkeys})


def end(visit: Visit) -> Response:
    """End all of them."""
    address = key(visit.form.texts.get("address", "").strip())
    if not address:
        raise Refused(Reason.MALFORMED)
    by = f"by {visit.address}, an administrator"
    ending = sign_out if _all(visit, address) else sign_out_reader
    ended = ending(visit.desk.opened, address, by=by, at=visit.at)
    if address == visit.address:
        return RedirectResponse("/sign-in", 303)
    return _page(visit, address, {"ended": ended})


def _all(visit: Visit, address: str) -> bool:
    """Whether it is for him to keep *address* from administering: else support could shut out an admin."""
    return address == visit.address or (visit.role is not None and visit.role.includes(Role.ADMIN))


def _page(visit: Visit, address: str, facts: dict[str, object]) -> Response:
    nothing: dict[str, object] = {"sessions": (), "administrators": (), "passkeys": (), "ended": None}
    return visit.page("people.html", status=200, address=address, **(nothing | facts))
