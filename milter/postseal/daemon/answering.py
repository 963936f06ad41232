"""The process that answers Postfix about connectors; a life of its own: mail goes on without the daemon.

What it answers the daemon has written down, at its start and at every reload that was good.
"""

import asyncio
import logging
import resource
import signal
from dataclasses import replace
from pathlib import Path

from postseal import log, notify
from postseal.errors import BadInput, Place, Problem
from postseal.mta.socket import listen_without_libmilter
from postseal.settings import settings as settings_file
from postseal.tls.lookup import Lookup
from postseal.tls.mail_exchanger import Resolver, of_this_host
from postseal.tls.published import Published
from postseal.tls.socketmap import serve

_log = logging.getLogger(__name__)


def run(path: Path) -> None:
    """Answer until told to stop; at once back if the settings file *path* names no socket.

    Raises BadInput.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    settings = settings_file.load(path)
    address = settings.tls.connectors
    if not address:
        _log.info("%s", log.line(event="no_connectors", why="tls: {connectors: …} names no socket"))
        return
    try:
        listener = listen_without_libmilter(replace(settings.listen, socket=address))
    except OSError as error:
        raise BadInput([Problem(Place(str(path)), f"tls: connectors: {error.strerror}")]) from None
    resolver = Resolver(settings.tls.resolver or of_this_host())
    lookup = Lookup(Published(settings.runtime_directory), resolver)

    async def life() -> None:
        answering = asyncio.ensure_future(serve(listener, lookup))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, answering.cancel)
        notify.notify(READY=1)
        _log.info("%s", log.line(event="started", socket=address))
        await asyncio.wait([answering])

    with listener:
        asyncio.run(life())
    Path(address.removeprefix("unix:")).unlink(missing_ok=True)
