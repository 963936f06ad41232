"""Looks after the store, in a process of its own: no message waits for it, and it waits for none.

Makes the tables as soon as the database answers, if it did not at the start; removes what has ended from
the journal; keeps SQLite's own log short; and says every few seconds how the store is, for metrics.  It
never makes a store anew that was there before: one that is gone would come back without its memory.
Several hosts may do all this at once.
"""

import json
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

from postseal import log
from postseal.daemon import house, housekeeper
from postseal.errors import BadInput, Failure
from postseal.settings.settings import Settings
from postseal.store.acquaintances import expire as expire_acquaintances
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.store.migrate import migrate

_log = logging.getLogger(__name__)

_FILE: Final = "store.json"
_LOOK_SECONDS: Final = 10.0
_LOOK_AGAIN_SECONDS: Final = 1.0
"""While it is down: mail waits for it."""
_EXPIRE_SECONDS: Final = 600.0
_GRACE: Final = timedelta(hours=1)
"""An attempt whose lease has just ended can still note what it did."""
_MANY: Final = 1000
"""Rows removed in one transaction, so that nobody waits long for a lock."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the store was at Unix time *at*.

    *generation*: of the settings; *made*: whether its tables are known to be there.  *claimed*, *done*:
    entries of the journal; *oldest*: Unix time since when the oldest is claimed, 0 for none.
    """

    at: float
    generation: int
    up: bool = False
    made: bool = False
    claimed: int = 0
    done: int = 0
    oldest: float = 0.0


def read(directory: Path) -> Look | None:
    """What was seen last; None if nobody looks."""
    try:
        return Look(**json.loads((directory / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def forget(directory: Path) -> None:
    """Forget what was seen: nobody looks after the store any more, or another daemon did."""
    with suppress(OSError):
        (directory / _FILE).unlink()


def keep(settings: Settings, directory: Path, control: int, *, generation: int, made: bool) -> NoReturn:
    """Look after the store until *control* closes, then exit the process."""
    keeper = Keeper(settings, directory, generation=generation, made=made)
    threading.Thread(target=keeper.run, name="keeper", daemon=True).start()
    if settings.ome.portal:
        threading.Thread(target=housekeeper.run, args=(settings,), name="housekeeper", daemon=True).start()
    os.read(control, 1)
    os._exit(0)


class Keeper:
    """*made*: whether the tables are there; if not, they are made when the database answers."""

    def __init__(self, settings: Settings, directory: Path, *, generation: int, made: bool) -> None:
        self._dsn, self._timeout = settings.store, settings.store_timeout
        self._directory = directory
        self._store = Store(self._dsn, timeout=self._timeout)
        self._journal = Journal(self._store)
        last = read(directory)
        made = made or bool(last and last.made and last.generation == generation)
        self._look = Look(0.0, generation, up=made, made=made)
        self._expire_at = 0.0

    def run(self) -> NoReturn:
        """Look again and again."""
        while True:
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 (a bug of ours: the store must not lose its keeper)
                _log.error("%s", log.line(event="keeper_fault", why=error, trace=log.trace(error)))
            time.sleep(_LOOK_SECONDS if self._look.up else _LOOK_AGAIN_SECONDS)

    def turn(self) -> None:
        """Look once, do what is due, and say how it is."""
        before = self._look
        try:
            if not before.made:
                migrate(self._dsn, timeout=self._timeout)
            count, oldest = self._journal.count(), self._journal.oldest_claim()
            self._look = Look(
                time.time(), before.generation, up=True, made=True, claimed=count.claimed, done=count.done,
                oldest=oldest.timestamp() if oldest else 0.0,
            )  # fmt: skip
            if time.monotonic() >= self._expire_at:
                self._expire()
            self._store.shorten()
        except (Failure, BadInput) as error:
            self._look = Look(time.time(), before.generation, made=before.made)
            if before.up:
                why = error.detail if isinstance(error, Failure) else str(error.problems[0])
                _log.error("%s", log.line(event="store_down", why=why))
        else:
            if not before.up:
                _log.info("%s", log.line(event="store_up"))
        self._tell()

    def _expire(self) -> None:
        self._expire_at = time.monotonic() + _EXPIRE_SECONDS
        removed, some = 0, _MANY
        while some == _MANY:
            some = self._journal.expire(house.now() - _GRACE, limit=_MANY)
            removed += some
        while expire_acquaintances(self._store, house.now(), limit=_MANY) == _MANY:
            pass
        if removed:
            _log.info("%s", log.line(event="journal_expired", entries=removed))

    def _tell(self) -> None:
        aside = self._directory / f"{_FILE}.{os.getpid()}"
        try:
            aside.write_text(json.dumps(asdict(self._look)), encoding="utf-8")
            aside.replace(self._directory / _FILE)
        except OSError:  # the directory is full; the supervisor says so
            with suppress(OSError):
                aside.unlink()
