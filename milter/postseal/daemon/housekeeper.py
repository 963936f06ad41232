"""Looks after sealed messages, in the process that keeps the store: expiry, wrapping anew, tidying.

Whatever fails here is logged and tried again; nothing that is over can be read meanwhile.  On several
hosts several do this, each a part.
"""

import logging
import time
from datetime import timedelta
from typing import Final, NoReturn

from postseal import log
from postseal.daemon.house import now
from postseal.errors import BadInput, Failure
from postseal.sealed import source
from postseal.settings.settings import Settings
from postseal.store.housekeeping import turn
from postseal.store.ring import Ring

_log = logging.getLogger(__name__)

_SECONDS: Final = 10.0
_AFTER_FAILURE: Final = 30.0


def run(settings: Settings) -> NoReturn:
    """Do what is due, again and again."""
    forget, ring = timedelta(seconds=settings.ome.forget), None
    while True:
        try:
            ring = ring or Ring(
                settings.store, timeout=settings.store_timeout, keys=source.load(settings.ome)
            )
            done = turn(ring.open(), now(), forget=forget)
        except (Failure, BadInput) as failure:
            _log.warning("%s", log.line(event="house_not_kept", why=failure))
            time.sleep(_AFTER_FAILURE)
        except Exception as error:  # noqa: BLE001 (a bug of ours: it must not be the end of expiring)
            _log.error("%s", log.line(event="housekeeper_fault", why=error, trace=log.trace(error)))
            time.sleep(_AFTER_FAILURE)
        else:
            if not done:
                time.sleep(_SECONDS)
