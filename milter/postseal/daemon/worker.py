"""A worker: serves connections with one generation of policy, drains when told, then goes.

libmilter runs in a second thread; this one waits at the control pipe.  `drain` lets connections end:
a client may keep its SMTP session for long, and Postfix keeps our connection as long.  What still
comes over such a connection is judged by the new policy, as soon as this worker has loaded it too.
`stop` only waits for messages under way.  If the pipe closes, the supervisor is dead, and the worker
stops as well.
"""

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, NoReturn

from postseal import letter, log
from postseal.arrival import Reception
from postseal.body import Spool
from postseal.daemon import house
from postseal.daemon.house import House
from postseal.delivery import Delivery
from postseal.errors import BadInput
from postseal.finisher import forked
from postseal.guard.seal import Seal
from postseal.guard.secret import load
from postseal.guard.trace import Guard
from postseal.locking import Locking
from postseal.metrics import Metrics
from postseal.mta.desk import Desk
from postseal.mta.rulebook import AsItCame, Rulebook
from postseal.mta.socket import Listener, serve
from postseal.mta.traffic import Pulse, Traffic
from postseal.settings.settings import Settings, notices_from
from postseal.store.engine import Store
from postseal.store.journal import Journal
from postseal.submission import Submission

_log = logging.getLogger(__name__)

STOP: Final = b"s"

_QUIET_SECONDS: Final = 0.2
"""A connection can be accepted and not yet counted: exit only after this long without any."""
_PATIENCE_SECONDS: Final = 0.3
"""Most workers are gone by then; only those that are not load the new policy."""
_DIGEST: Final = 12
"""Octets of a policy's digest."""


def drain(digest: str) -> bytes:
    """The order to drain, and to judge by the policy with *digest* meanwhile."""
    return b"d" + digest.encode("ascii")


def work(path: Path, built: House, listener: Listener, *, control: int, counters: Path) -> NoReturn:
    """Serve until told otherwise over *control*, then exit the process."""
    settings = built.settings
    metrics = _metrics(built, counters)
    guard = Guard(Seal.of(load(settings.guard.secret)), timedelta(seconds=settings.guard.age))
    delivery = _delivery(settings, guard, closing=(control, listener.descriptor))
    journal = delivery.journal if delivery else None
    desk = Desk(
        _rulebook(built),
        Spool(settings.spool_directory, settings.memory_body),
        metrics,
        Traffic(),
        Pulse(),
        Reception(guard, house.now, metrics, journal, settings.held_mail_returns),
        delivery,
    )
    threading.Thread(target=_serve, args=(desk,), name="libmilter", daemon=True).start()
    order = os.read(control, 1)
    listener.deafen()
    if order == b"d":
        _drain(path, desk, control, seconds=settings.drain_seconds)
    _stop(desk.traffic, seconds=settings.stop_seconds)
    os._exit(0)


def _metrics(built: House, counters: Path) -> Metrics:
    try:
        return Metrics.shared(counters, methods=built.methods.table, rules=built.modes)
    except OSError as error:  # /run is full, or somebody tidied it up; the mail matters more
        _log.error("%s", log.line(event="uncounted", worker=os.getpid(), why=error))
        return Metrics.local()


def _delivery(settings: Settings, guard: Guard, *, closing: Sequence[int]) -> Delivery | None:
    """Who submits copies; opened here, for nothing of a database survives a fork.

    Forks who ends the submissions, which keeps none of the descriptors *closing*.
    """
    host, _, port = settings.submit_to.rpartition(":")
    if not host:
        return None

    def journal() -> Journal:
        return Journal(Store(settings.store, timeout=settings.store_timeout))

    name = socket.gethostname()
    listener = Submission(
        host.strip("[]"),
        int(port),
        settings.submit_timeout,
        name,
        guard,
        requiretls=settings.tls.requiretls,
        mta=settings.tls.mta,
    )
    return Delivery(listener, journal(), house.now, forked(journal, house.now, closing=closing))


def _rulebook(built: House) -> Rulebook:
    settings, host = built.settings, socket.gethostname()
    spool = Spool(settings.spool_directory, settings.memory_body)
    letters = letter.Desk(notices_from(settings, host), host, spool)
    return Rulebook(
        built.policy,
        built.methods,
        settings.limits,
        built.policy.on_error,
        letters,
        built.incoming or (AsItCame(built.policy.site.accepts) if settings.ome.portal else AsItCame()),
        built.policy.note,
        Locking(
            built.policy.site.sends,
            passphrases=settings.sign_in.passphrases,
            numbers=bool(settings.sign_in.sms and settings.sign_in.sms.senders),
        ),
    )


def _serve(desk: Desk) -> NoReturn:
    try:
        serve(desk)
    except BaseException:  # noqa: BLE001 (the process ends below, whatever it was)
        _log.exception("libmilter ended")
    os._exit(1)  # a worker that accepts nothing must not look alive


def _drain(path: Path, desk: Desk, control: int, *, seconds: float) -> None:
    """Return when no connection is left, after *seconds*, or when there is another order than to drain."""
    now = quiet = time.monotonic()
    end, load_at, digest = now + seconds, now + _PATIENCE_SECONDS, os.read(control, _DIGEST)
    while now < end and now - quiet < _QUIET_SECONDS:
        if select.select([control], [], [], 0.01)[0]:
            if os.read(control, 1) != b"d":
                return
            digest, load_at = os.read(control, _DIGEST), min(load_at, now)
        if now >= load_at:
            _renew(path, desk, digest.decode("ascii"))
            load_at = float("inf")
        now = time.monotonic()
        if desk.traffic.connections:
            quiet = now


def _renew(path: Path, desk: Desk, digest: str) -> None:
    """Judge new messages by the policy with *digest*, if that is what the files still say."""
    try:
        built = house.build(path)
    except BadInput:
        return  # changed since the supervisor read them; it tells why when it is asked to reload again
    except Exception as error:  # noqa: BLE001 (messages are under way here, and the old policy still serves)
        _log.error("%s", log.line(event="not_renewed", worker=os.getpid(), trace=log.trace(error)))
        return
    if built.digest == digest:
        desk.rulebook = _rulebook(built)
        _log.info("%s", log.line(event="renewed", worker=os.getpid(), policy=digest))


def _stop(traffic: Traffic, *, seconds: float) -> None:
    """Return when no message is under way, or after *seconds*."""
    now = quiet = time.monotonic()
    end = now + seconds
    while now < end and now - quiet < _QUIET_SECONDS:
        time.sleep(0.01)
        now = time.monotonic()
        if traffic.messages:
            quiet = now
    if traffic.messages:
        _log.error("%s", log.line(event="cut_off", worker=os.getpid(), messages=traffic.messages))
