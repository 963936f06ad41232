"""The process that fetches revocation lists and responders' answers, off the way of the mail.

It handles no mail and listens to nobody.  Whatever fails here is logged and tried again; trust decides
by what is there.
"""

import logging
import os
import select
from typing import Final, NoReturn

from postseal import log
from postseal.daemon.house import now
from postseal.errors import Failure
from postseal.settings import Settings
from postseal.settings_smime import Revocation

_log = logging.getLogger(__name__)

_SECONDS: Final = 2.0
"""How soon what somebody has just wanted is fetched."""
_AFTER_FAILURE: Final = 30.0


def needed(settings: Settings) -> bool:
    """Whether anybody asks about revocation."""
    return settings.smime.trust is not None and settings.smime.revocation is not Revocation.OFF


def fetch(settings: Settings, control: int) -> NoReturn:
    """Fetch until *control* closes or says anything, then exit the process."""
    from postseal.finding.refresh import Refresh  # noqa: PLC0415 (they are for this process only)
    from postseal.store.engine import Store  # noqa: PLC0415
    from postseal.store.revocations import Revocations  # noqa: PLC0415

    refresh = Refresh(Revocations(Store(settings.store, timeout=settings.store_timeout)), now)
    seconds = 0.0
    while not select.select([control], [], [], seconds)[0]:
        try:
            seconds = 0.0 if refresh.turn() else _SECONDS
        except Failure as failure:
            _log.warning("%s", log.line(event="not_fetched", why=failure))
            seconds = _AFTER_FAILURE
    os._exit(0)
