"""The supervisor: forks the workers, replaces them; handles no mail itself.

It runs one loop and no thread, so that it can fork at any time.  SIGHUP loads everything anew: if
that is bad, the old generation stays and the reason is logged, counted and shown by `postseal
status`; if it is good, a new generation is forked before the old one is told to drain.  SIGTERM and
SIGINT drain and end.  A worker that dies is replaced, ever more slowly if it keeps dying at once.

Nothing that fails here ends the loop: the workers live on, and with them the mail.  A loop that fails
again and again gives no sign of life, and the service manager starts another daemon.
"""

import contextlib
import gc
import logging
import os
import select
import signal
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

from postseal import log, notify
from postseal.daemon import house, keeper, state
from postseal.daemon.backoff import Backoff
from postseal.daemon.beside import Beside, died
from postseal.daemon.children import Child, Children, Kind
from postseal.daemon.opened import Opened, fixed
from postseal.daemon.prepare import prepare
from postseal.daemon.worker import STOP, drain, work
from postseal.errors import BadInput, Place, Problem
from postseal.metrics import bury

_log = logging.getLogger(__name__)

_HEARD: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Supervisor:
    """The loop and what it looks after."""

    def __init__(self, path: Path, built: house.House, opened: Opened, counters: Path) -> None:
        self._path = path
        self._house = built
        self._started_with = built.settings
        self._opened = opened
        self._counters = counters
        self._directory = built.settings.runtime_directory
        self._state = state.State(os.getpid(), time.time(), socket=built.settings.listen.socket)
        self._backoff = Backoff()
        self._unburied: set[int] = set()
        self._stopping = False
        self._heard: set[int] = set()
        self._told = ""
        self._untold = ""
        self._signals, self._wakeup = os.pipe()
        self._children = Children((self._signals, self._wakeup))
        self._beside = Beside(self._children)

    def run(self) -> int:
        """Run until told to stop."""
        for end in (self._signals, self._wakeup):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        for number in _HEARD:
            signal.signal(number, lambda heard, _: self._heard.add(heard))
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        if self._opened.exporter:
            self._state.metrics = self._opened.exporter.address
        self._adopt(self._house)
        self._fork_missing()
        self._tell()
        notify.notify(READY=1)
        _log.info("%s", log.line(event="started", socket=self._state.socket, metrics=self._state.metrics,
                                 workers=len(self._state.workers), policy=self._house.digest))  # fmt: skip
        while not self._stopping or self._children.of(Kind.WORKER):
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 (whatever it was, it must not end the workers)
                self._state.faults += 1
                with contextlib.suppress(Exception):
                    _log.error("%s", log.line(event="supervisor_fault", why=error, trace=log.trace(error)))
                time.sleep(0.5)  # if it happens again and again
                self._heard.add(signal.SIGCHLD)  # what was left undone is done in another turn
        self._end()
        return 0

    def _turn(self) -> None:
        """One turn of the loop: signals, deaths, deadlines, a sign of life."""
        if not self._heard:
            select.select([self._signals], [], [], self._patience())
        with contextlib.suppress(BlockingIOError):
            os.read(self._signals, 4096)
        # What is heard from here on is for the next turn: it may ask for another reload.
        numbers, self._heard = self._heard, set()
        if numbers & {signal.SIGTERM, signal.SIGINT} and not self._stopping:
            self._stop()
        self._bury()
        if signal.SIGHUP in numbers and not self._stopping:
            self._reload()
        for child in self._children.overdue():
            _log.error("%s", log.line(event="killed", worker=child.pid, why="did not end in time"))
            os.kill(child.pid, signal.SIGKILL)
            child.kill_at = float("inf")
        if not self._stopping:
            self._fork_missing()
        self._tell()
        if self._current() or self._stopping:
            notify.notify(WATCHDOG=1)

    def _patience(self) -> float:
        """Seconds until something has to happen even without a signal."""
        now = time.monotonic()
        patience = notify.watchdog_seconds() or 60.0
        if self._unburied or any(child.leaving for child in self._children.of(Kind.WORKER)):
            patience = min(patience, 1.0)
        if not self._stopping and len(self._current()) < self._house.workers:
            patience = min(patience, max(0.0, self._backoff.at - now))
        return patience if self._stopping else min(patience, self._beside.patience())

    def _current(self) -> list[Child]:
        return [child for child in self._children.of(Kind.WORKER) if not child.leaving]

    def _fork_missing(self) -> None:
        now = time.monotonic()
        try:
            self._beside.fork_missing(self._state.generation)
            missing = self._house.workers - len(self._current())
            if missing > 0 and now >= self._backoff.at:
                self._fork(self._house, missing, generation=self._state.generation)
        except OSError as error:
            self._backoff.failed()
            line = log.line(event="cannot_fork", why=error.strerror, again_in=f"{self._backoff.delay:.1f}")
            _log.error("%s", line)

    def _fork(self, built: house.House, count: int, *, generation: int) -> None:
        gc.collect()
        gc.freeze()  # what the workers share stays shared: the collector will not touch it
        try:
            for _ in range(count):
                self._children.fork(Kind.WORKER, generation, partial(self._work, built))
        finally:
            gc.unfreeze()

    def _work(self, built: house.House, control: int) -> NoReturn:
        self._opened.close_for_worker()
        work(self._path, built, self._opened.milter, control=control, counters=self._counters)

    def _bury(self) -> None:
        for child, code in self._children.reap():
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            lived = time.monotonic() - child.born
            if died(child, how):
                continue
            self._unburied.add(child.pid)
            if child.leaving:
                line = log.line(event="drained", worker=child.pid, generation=child.generation, how=how)
                _log.info("%s", line)
                continue
            self._backoff.died(child.born)
            self._state.restarts += 1
            self._state.last_death = f"{how}, {lived:.1f} s old"
            _log.error("%s", log.line(event="worker_died", worker=child.pid, how=how, lived=f"{lived:.1f}",
                                      again_in=f"{self._backoff.delay:.1f}"))  # fmt: skip
        for pid in tuple(self._unburied):
            try:
                bury(self._counters, pid)
            except OSError as error:  # its files stay, and count, until there is room
                _log.warning("%s", log.line(event="not_buried", worker=pid, why=error))
                break
            self._unburied.discard(pid)

    def _reload(self) -> None:
        reload = self._state.reload
        reload.begun, reload.answered, reload.total = time.monotonic(), False, reload.total + 1
        notify.reloading()
        try:
            built = house.build(self._path)
            built.store_made = prepare(built.settings)
            self._replace(built)
        except BadInput as error:
            self._refuse(error.problems)
        except Exception as error:  # noqa: BLE001 (a bug of ours: the old state stays, and the answer is no)
            what = "this could not be loaded for a reason that Postseal does not know; please report it"
            self._refuse([Problem(Place(str(self._path)), f"{what}: {error} ({log.trace(error)})")])
        reload.answered = True
        self._tell()
        notify.notify(READY=1)

    def _refuse(self, problems: Sequence[Problem]) -> None:
        reload = self._state.reload
        reload.good, reload.failed, reload.refused_at = False, reload.failed + 1, time.time()
        reload.problems = [str(problem) for problem in problems]
        for problem in problems:
            _log.error("%s", log.line(event="reload_refused", problem=problem))

    def _replace(self, built: house.House) -> None:
        """Fork workers for *built*, then let those that are go.  Raises BadInput, and then they stay."""
        restart = fixed(built.settings, self._started_with)
        built.warnings += [f"{name}: changed; takes effect after a restart" for name in restart]
        before, generation = self._children.of(Kind.WORKER), self._state.generation + 1
        within = self._house.settings.drain_seconds + self._house.settings.stop_seconds + 5
        # The new ones listen before the old ones stop: at no moment does nobody accept.
        try:
            self._fork(built, built.workers, generation=generation)
            built.publish()
        except OSError as error:
            for child in self._children.of(Kind.WORKER):
                if child not in before:
                    child.order(STOP, within=within)
            problem = f"no workers can be forked for it, or its connectors not be written: {error.strerror}"
            raise BadInput([Problem(Place(str(self._path)), problem)]) from None
        self._state.generation = generation
        self._backoff = Backoff()
        self._adopt(built)
        for child in before:  # also of generations before the last: a client of theirs gets the new policy
            child.order(drain(built.digest), within=within)
        _log.info("%s", log.line(event="reloaded", generation=generation, policy=built.digest,
                                 rules=built.rules))  # fmt: skip

    def _adopt(self, built: house.House) -> None:
        """Make *built* what new workers work with."""
        self._house = built
        generation = self._state.generation
        lives = self._opened.lives(built, self._directory, self._counters, generation=generation)
        self._beside.wants(lives)
        if Kind.KEEPER not in lives:
            keeper.forget(self._directory)
        known = self._state
        known.policy, known.rules, known.wanted = built.digest, built.rules, built.workers
        known.certificates, known.recipients = built.certificates, built.recipients
        known.reload.good, known.reload.at, known.reload.problems = True, time.time(), []
        known.reload.warnings = list(built.warnings)
        for warning in built.warnings:
            _log.warning("%s", log.line(event="warning", what=warning))

    def _stop(self) -> None:
        self._stopping = True
        notify.notify(STOPPING=1)
        # Closed first: the MTA is refused at once instead of waiting in the queue of the socket.
        self._opened.milter.close()
        seconds = self._house.settings.stop_seconds
        _log.info(
            "%s", log.line(event="stopping", workers=len(self._children.of(Kind.WORKER)), within=seconds)
        )
        for child in self._children.of(Kind.WORKER):
            child.order(STOP, within=seconds + 5)

    def _end(self) -> None:
        self._beside.end()
        with contextlib.suppress(OSError):  # one left behind deceives nobody
            (self._directory / "state.json").unlink()
        _log.info("%s", log.line(event="stopped"))

    def _tell(self) -> None:
        """Tell the state to the commands, the exporter and the service manager."""
        workers, known = self._children.of(Kind.WORKER), self._state
        known.workers = [child.pid for child in workers if not child.leaving]
        known.draining = [child.pid for child in workers if child.leaving]
        known.beside = self._beside.known()
        waits = max(0.0, self._backoff.at - time.monotonic()) if len(known.workers) < known.wanted else 0.0
        known.again_at = time.time() + waits if waits else 0.0
        try:
            known.write(self._directory)
            self._untold = ""
        except OSError as error:  # /run is full, or somebody tidied it up; the mail matters more
            if self._untold != str(error):
                self._untold = str(error)
                _log.error("%s", log.line(event="state_not_written", why=error))
        refused = "" if known.reload.good else "; the last reload was refused, see postseal status"
        told = f"{len(known.workers)} of {known.wanted} workers, policy {known.policy}{refused}"
        if told != self._told:
            self._told = told
            notify.notify(STATUS=told)
