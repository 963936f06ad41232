"""What a process that serves pages needs: a socket, a server that leaves signals to us, silence about memory.

The portal and the administrators' page share it.
"""

import asyncio
import contextlib
import ctypes
import logging
import resource
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from postseal import log, notify
from postseal.portal.connection import HANDSHAKE, MOST, bounded
from postseal.scalar import Network

_log = logging.getLogger(__name__)

logging.getLogger("uvicorn").setLevel(logging.WARNING)  # we say it ourselves, in one line

_PR_SET_DUMPABLE: Final = 4
_SOCKET_MODE: Final = 0o666
"""Who may connect is for the folder to say."""


def keep_to_itself() -> None:
    """No core dump, and no debugger: mail and keys are in memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def nth(address: str, instance: int) -> str:
    """The address of this *instance*, from 1: ports count up, and Unix sockets have the number behind."""
    if address.startswith("unix:"):
        return address if instance == 1 else f"{address}.{instance}"
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + instance - 1}"


@contextlib.contextmanager
def listening(address: str) -> Iterator[socket.socket]:
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


class Server(uvicorn.Server):
    """Leaves signals to us: the library's would end the process before the last passcode is mailed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class Public(Server):
    """Tells systemd, and the log by *event*, when it is ready."""

    def __init__(self, config: uvicorn.Config, event: str) -> None:
        super().__init__(config)
        self._event = event

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve *sockets*; as the library does, but for a bound on the time that TLS takes."""
        config, loop = self.config, asyncio.get_running_loop()
        self.servers = []
        for each in sockets or ():
            server = await loop.create_server(
                self._connection,
                sock=each,
                backlog=config.backlog,
                ssl=config.ssl,
                ssl_handshake_timeout=HANDSHAKE if config.ssl else None,
            )
            self.servers.append(server)
        self.started = True
        notify.notify(READY=1, STATUS="serving")
        _log.info("%s", log.line(event=self._event, listen=_name(sockets[0]) if sockets else ""))

    def _connection(self) -> asyncio.BaseProtocol:
        config = self.config
        return config.http_protocol_class(  # type: ignore[call-arg] # as the library calls it
            config=config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _untold(_: str) -> None:
    """Tell nobody."""


def configured(
    app: ASGIApp,
    opened: socket.socket,
    *,
    proxies: tuple[Network, ...],
    stop: float,
    certificate: Path | None,
    key: Path | None,
    dropped: Callable[[str], None] = _untold,
) -> uvicorn.Config:
    """How *app* is served at *opened*.  *proxies*: whose word counts for where a request comes from.

    *dropped*: is told why a connection was cut off.
    """
    trusted = "*" if opened.family == socket.AF_UNIX else [str(network) for network in proxies]
    tls = {"ssl_certfile": certificate, "ssl_keyfile": key} if certificate else {}
    return uvicorn.Config(
        app,
        forwarded_allow_ips=trusted,
        http=bounded(proxies, dropped),
        limit_concurrency=MOST,
        timeout_graceful_shutdown=round(stop),
        **QUIET,  # type: ignore[arg-type] # of different kinds
        **tls,  # type: ignore[arg-type]
    )


QUIET: Final = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "lifespan": "off",
    "ws": "none",
}
"""What every server of ours is told."""


async def serving(server: Server, opened: socket.socket) -> None:
    """Serve at *opened* until a signal says that it is enough."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _end, server)
    watchdog = asyncio.create_task(_watchdog())
    await server.serve([opened])
    notify.notify(STOPPING=1)
    watchdog.cancel()


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True


async def _watchdog() -> None:
    seconds = notify.watchdog_seconds()
    while seconds:
        notify.notify(WATCHDOG=1)
        await asyncio.sleep(seconds)


def _name(opened: socket.socket) -> str:
    name = opened.getsockname()
    return f"unix:{name}" if isinstance(name, str) else f"{name[0]}:{name[1]}"
