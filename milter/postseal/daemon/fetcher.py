"""The process that fetches revocation lists and responders' answers, and tidies the store of certificates.

It handles no mail and listens to nobody.  Whatever fails here is logged and tried again; trust decides
by what is there.
"""

import logging
import os
import select
from datetime import timedelta
from typing import Final, NoReturn

from postseal import log
from postseal.daemon.house import now
from postseal.errors import Failure
from postseal.settings.settings import Settings
from postseal.settings.smime import LOCAL, Revocation

_log = logging.getLogger(__name__)

_SECONDS: Final = 2.0
"""How soon what somebody has just wanted is fetched."""
_AFTER_FAILURE: Final = 30.0
_OLD: Final = timedelta(days=7)
"""How long an answer of a source elsewhere is kept after its end, for `postseal certs` to show."""


def needed(settings: Settings) -> bool:
    """Whether anybody asks about revocation, or keeps answers that have to be forgotten some day."""
    asks = settings.smime.trust is not None and settings.smime.revocation is not Revocation.OFF
    return asks or not set(settings.smime.lookup.sources) <= set(LOCAL)


def fetch(settings: Settings, control: int) -> NoReturn:
    """Fetch until *control* closes or says anything, then exit the process."""
    from postseal.finding.refresh import Refresh  # noqa: PLC0415 (they are for this process only)
    from postseal.store.certificates import Certificates  # noqa: PLC0415
    from postseal.store.engine import Store  # noqa: PLC0415
    from postseal.store.revocations import Revocations  # noqa: PLC0415

    store = Store(settings.store, timeout=settings.store_timeout)
    refresh, kept = Refresh(Revocations(store), now), Certificates(store)
    seconds = 0.0
    while not select.select([control], [], [], seconds)[0]:
        try:
            seconds = 0.0 if refresh.turn() or kept.tidy(now() - _OLD) else _SECONDS
        except Failure as failure:
            _log.warning("%s", log.line(event="not_fetched", why=failure))
            seconds = _AFTER_FAILURE
    os._exit(0)
