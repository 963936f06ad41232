"""Whether messages that can be read still name what an administrator has taken away: brandings.

Templates are another matter: what one grants and says is noted with each message, so nothing is missed.
"""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from postseal.branding import load as brandings
from postseal.errors import BadInput, Place, Problem
from postseal.settings.settings import Settings


def check(settings: Settings) -> None:
    """Raise BadInput if a branding is missed; Failure if the store cannot say so.  It is only read.

    Nothing is missed without a portal, or where there is no store yet.
    """
    from postseal.store.engine import Store, parse  # noqa: PLC0415 (only few commands need a database's libraries)
    from postseal.store.registry import brands  # noqa: PLC0415

    url = parse(settings.store)
    unmade = url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists()
    if not settings.ome.portal or unmade:
        return
    with closing(Store(settings.store, timeout=settings.store_timeout)) as store:
        missing = brands(store, datetime.now(UTC)) - brandings.load(settings).keys()
    if missing:
        what = f"messages that can be read name brandings that are gone: {', '.join(sorted(missing))}"
        place = Place(str(settings.policies / brandings.FOLDER))
        raise BadInput([Problem(place, what, "write them again, if need be as `NAME: {}`")])
