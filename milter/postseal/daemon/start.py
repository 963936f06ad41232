"""The start of the daemon: everything that can be wrong is found here, before any mail is taken."""

import errno
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from postseal.daemon import house, keeper, state
from postseal.daemon.exporter import bind
from postseal.daemon.opened import Opened
from postseal.daemon.prepare import prepare
from postseal.daemon.supervisor import Supervisor
from postseal.errors import BadInput, Place, Problem
from postseal.mta.socket import listen

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 15.0
"""Workers of a supervisor that was killed hold its addresses until libmilter looks up, every 5 s."""


def run(path: Path) -> int:
    """Run the daemon with the settings file *path* until it is told to stop; the exit code.

    Raises BadInput if anything it needs at the start is bad.
    """
    # A core dump would hold keys and mail.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    built = house.build(path)
    built.store_made = prepare(built.settings)
    directory, metrics = built.settings.runtime_directory, built.settings.metrics
    try:
        held = state.lock(directory)
        counters = _empty(directory / "metrics")
        keeper.forget(directory)
        built.publish()
    except OSError as error:
        raise _problem(directory, f"cannot be used: {error.strerror}") from None
    with held:
        seconds = _PATIENCE_SECONDS if state.left_behind(directory) else 0.0
        try:
            # First what leaves nothing behind when the other fails.
            server = _patiently(lambda: bind(metrics), seconds) if metrics else None
        except OSError as error:
            raise _problem(path, f"metrics: cannot listen on {metrics}: {error.strerror}") from None
        try:
            listener = _patiently(lambda: listen(built.settings.listen), seconds)
        except OSError as error:
            raise _problem(path, f"listen: {error.strerror}") from None
        return Supervisor(path, built, Opened(listener, server), counters).run()


def _problem(path: Path, what: str) -> BadInput:
    return BadInput([Problem(Place(str(path)), what)])


def _patiently(opened: Callable[[], T], seconds: float) -> T:
    end = time.monotonic() + seconds
    while True:
        try:
            return opened()
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise
        time.sleep(0.05)


def _empty(directory: Path) -> Path:
    directory.mkdir(mode=0o700, exist_ok=True)
    for leftover in directory.iterdir():
        leftover.unlink()
    return directory
