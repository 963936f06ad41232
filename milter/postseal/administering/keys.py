"""The master keys: which there are, what each wraps, whether they work, and when keys were backed up."""

from starlette.responses import Response

from postseal.administering.visit import Visit
from postseal.errors import Failure
from postseal.sealed.master import self_test
from postseal.store.audit import Event
from postseal.store.key_state import states


def overview(visit: Visit) -> Response:
    """The page."""
    opened, problem = visit.desk.opened, ""
    try:
        self_test(opened.keys)
    except Failure as failure:
        problem = failure.detail
    backup = opened.audit.last(Event.KEYS_BACKED_UP)
    return visit.page("keys.html", keys=states(opened), problem=problem, backup=backup)
