"""What the daemon writes to: directories and the store, made ready before a generation is put to use."""

import logging
import os
from typing import Final

from postseal import log
from postseal.errors import BadInput, Failure, Place, Problem
from postseal.guard.secret import ensure
from postseal.settings.settings import Settings
from postseal.settings.smime import Source
from postseal.store.migrate import migrate

_log = logging.getLogger(__name__)

_WITHOUT_STORE: Final = "mail that needs it is deferred until it is back"


def needs_store(settings: Settings) -> bool:
    """Whether anything that these settings ask for needs the store."""
    looked_up = set(settings.smime.lookup.sources) != {Source.DIRECTORY}
    return bool(settings.submit_to or settings.ome.portal) or looked_up


def prepare(settings: Settings) -> bool:
    """Make what the daemon writes to; whether the store answered, if one is needed.  Raises BadInput."""
    answered = True
    for directory, mode in ((settings.runtime_directory, 0o755), (settings.spool_directory, 0o700)):
        try:
            directory.mkdir(mode=mode, parents=True, exist_ok=True)
        except OSError as error:
            what = f"cannot be made: {error.strerror}"
            hint = "make it, or name another directory in the settings"
            raise BadInput([Problem(Place(str(directory)), what, hint)]) from None
    if needs_store(settings):
        try:
            migrate(settings.store, timeout=settings.store_timeout)
        except Failure as failure:
            # Mail that needs no copies needs no store: it must not wait for one.
            answered = False
            _log.error("%s", log.line(event="store_down", why=failure.detail, what=_WITHOUT_STORE))
    if ensure(settings.guard.secret):
        _log.info("%s", log.line(event="secret_made", file=settings.guard.secret))
    spool = settings.spool_directory
    facts = spool.stat()
    if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        what = "the spool directory must belong to the daemon's user and be closed to all others"
        raise BadInput([Problem(Place(str(spool)), what, f"chown {os.geteuid()} {spool}; chmod 700 {spool}")])
    return answered
