"""The process of the portal: its sockets, its signals, and what it tells systemd.

One process serves; more of them stand beside each other, each with a number, and share the database alone.
A stop waits for the answers under way and the passcodes that wait to be mailed.
"""

import asyncio
import contextlib
import ctypes
import logging
import resource
import signal
import socket
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn

from postseal import log, notify
from postseal import settings as settings_file
from postseal.accounts import load as accounts
from postseal.body import Spool
from postseal.branding.load import FOLDER
from postseal.branding.shelf import Shelf
from postseal.errors import BadInput, Place, Problem
from postseal.methods.ome import OmeMethod
from postseal.portal.app import app
from postseal.portal.count import Count
from postseal.portal.desk import Desk
from postseal.portal.monitor import monitor
from postseal.portal.outgoing import Outgoing
from postseal.portal.post import Post
from postseal.portal.telephone import Telephones
from postseal.replying.dispatch import Dispatch
from postseal.replying.original import Inside
from postseal.replying.replies import Replies
from postseal.sealed import source
from postseal.settings import Settings
from postseal.store.ring import Ring
from postseal.submission import Submission

if TYPE_CHECKING:
    from postseal.portal.ceremony import Ceremony

_log = logging.getLogger(__name__)

logging.getLogger("uvicorn").setLevel(logging.WARNING)  # we say it ourselves, in one line

_PR_SET_DUMPABLE: Final = 4
_SOCKET_MODE: Final = 0o666
"""Who may connect is for the folder to say."""
_MOST_AT_ONCE: Final = 500


def run(path: Path, instance: int) -> None:
    """Serve with the settings file *path* until told to stop.  Raises BadInput."""
    _keep_to_itself()
    settings = settings_file.load(path)
    if not settings.ome.portal:
        raise _bad(path, "there is no portal (ome: portal)", "write the portal's address: https://HOST")
    if not settings.submit_to:
        raise _bad(path, "passcodes cannot be sent (submit_to)", "name the listener without the milter")
    desk = _desk(settings)
    portal = settings.portal
    with contextlib.ExitStack() as opened:
        try:
            public, private = (
                opened.enter_context(_listening(_nth(address, instance)))
                for address in (portal.listen, portal.metrics)
            )
            portal.spool_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _bad(path, f"portal: {error.filename or portal.listen}: {error.strerror}", "") from None
        desk.post.start()
        if desk.outgoing:
            desk.outgoing.start()
        asyncio.run(_serve(desk, public, private))
        if desk.outgoing:
            desk.outgoing.stop(portal.stop)
        desk.post.stop(portal.stop)


def _keep_to_itself() -> None:
    """No core dump, and no debugger: mail and keys are in memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _desk(settings: Settings) -> Desk:
    host, port = _where(settings.submit_to)
    count = Count()
    telephones = Telephones(settings.sign_in.sms) if settings.sign_in.sms else None
    post = Post(
        *(host, port),
        timeout=settings.submit_timeout,
        name=socket.gethostname(),
        count=count,
        telephones=telephones,
    )
    ring = Ring(settings.store, timeout=settings.store_timeout, keys=source.load(settings.ome))
    spool = Spool(settings.portal.spool_directory, settings.memory_body)
    providers = accounts.load(settings.sign_in)
    shelf = Shelf(settings.policies / FOLDER)
    ceremony = _ceremony() if settings.sign_in.passkeys else None
    desk = Desk(settings, ring, spool, post, count, _now, shelf, providers=providers, ceremony=ceremony)
    desk = replace(desk, telephones=telephones)
    return replace(desk, outgoing=_outgoing(desk)) if settings.portal.replies.submit_to else desk


def _ceremony() -> "type[Ceremony]":
    try:
        from postseal.portal.ceremony import Ceremony  # noqa: PLC0415 (its library is an extra)
    except ImportError as error:
        what = f"a library is missing: {error.name}"
        raise _bad(Path("sign_in: passkeys"), what, "pip install 'postseal[passkeys]'") from None
    return Ceremony


def _outgoing(desk: Desk) -> Outgoing:
    """What takes replies and carries them out."""
    settings, ring, spool, count = desk.settings, desk.ring, desk.spool, desk.count
    name, limits = socket.gethostname(), settings.portal.replies
    sender = settings_file.replies_from(settings, name)
    inside, outside = (
        Submission(*_where(address), settings.submit_timeout, name, None)
        for address in (limits.submit_to, settings.submit_to)
    )
    replies = Replies(
        limits,
        ring=ring,
        sender=sender,
        inside=Inside(settings.accepted_domains),
        spool=spool,
        clock=_now,
    )
    dispatch = Dispatch(
        ring,
        OmeMethod(settings.ome, ring, spool, clock=_now, brandings=desk.shelf),
        inside,
        outside,
        sender,
        desk.shelf.find,
        spool,
        _now,
        lambda result: count.replies.labels(result).inc(),
    )
    return Outgoing(replies, dispatch, count)


def _where(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _now() -> datetime:
    return datetime.now(UTC)


class _Server(uvicorn.Server):
    """Leaves signals to us: the library's would end the process before the last passcode is mailed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class _Public(_Server):
    """Tells systemd when it is ready."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        notify.notify(READY=1, STATUS="serving")
        _log.info("%s", log.line(event="portal_ready", listen=_name(sockets[0]) if sockets else ""))


async def _serve(desk: Desk, public: socket.socket, private: socket.socket) -> None:
    portal = desk.settings.portal
    trusted = "*" if public.family == socket.AF_UNIX else [str(network) for network in portal.proxies]
    tls = {"ssl_certfile": portal.certificate, "ssl_keyfile": portal.key} if portal.certificate else {}
    common = {
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "lifespan": "off",
        "ws": "none",
    }
    main = _Public(
        uvicorn.Config(
            app(desk),
            forwarded_allow_ips=trusted,
            limit_concurrency=_MOST_AT_ONCE,
            timeout_graceful_shutdown=round(portal.stop),
            **common,  # type: ignore[arg-type] # of different kinds
            **tls,  # type: ignore[arg-type]
        )
    )
    beside = _Server(uvicorn.Config(monitor(desk), proxy_headers=False, **common))  # type: ignore[arg-type]
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _end, main)
    watching = asyncio.create_task(beside.serve([private]))
    watchdog = asyncio.create_task(_watchdog())
    await main.serve([public])
    notify.notify(STOPPING=1)
    watchdog.cancel()
    beside.should_exit = True
    await watching


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


async def _watchdog() -> None:
    seconds = notify.watchdog_seconds()
    while seconds:
        notify.notify(WATCHDOG=1)
        await asyncio.sleep(seconds)


def _nth(address: str, instance: int) -> str:
    """The address of this *instance*, from 1: ports count up, and Unix sockets have the number behind."""
    if address.startswith("unix:"):
        return address if instance == 1 else f"{address}.{instance}"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + instance - 1}"


@contextlib.contextmanager
def _listening(address: str) -> Iterator[socket.socket]:
    """A socket that listens at *address*.  Raises OSError."""
    path = Path(address.removeprefix("unix:")) if address.startswith("unix:") else None
    if path is not None:
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISSOCK(path.lstat().st_mode):  # left behind
                path.unlink()
        opened = socket.socket(socket.AF_UNIX)
        where: str | tuple[str, int] = str(path)
    else:
        host, _, port = address.rpartition(":")
        family, _, _, _, (found, *_) = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)[0]
        opened, where = socket.socket(family), (str(found), int(port))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with opened:
        try:
            opened.bind(where)
        except OSError as error:
            error.filename = address
            raise
        if path is not None:
            path.chmod(_SOCKET_MODE)
        opened.listen(1024)
        try:
            yield opened
        finally:
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink()


def _name(opened: socket.socket) -> str:
    name = opened.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"{name[0]}:{name[1]}"


def _bad(path: Path, what: str, hint: str) -> BadInput:
    return BadInput([Problem(Place(str(path)), what, hint)])
