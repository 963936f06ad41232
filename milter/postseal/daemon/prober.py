"""Looks at the servers of domains that workers ask about; no message waits for it."""

import logging
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NoReturn

from postseal import log, tls_offers
from postseal.errors import Failure
from postseal.required_tls import Level, RequiredTls
from postseal.scalar import is_domain
from postseal.settings.settings import Settings
from postseal.tls.mail_exchanger import Resolver, of_this_host
from postseal.tls.probe import probed

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 4
_WAITING: Final = 1000
"""Domains that are to be looked at; more are forgotten, and asked for again."""
_SECONDS: Final = 30.0


def probe(settings: Settings, directory: Path, control: int) -> NoReturn:
    """Look at what is asked for until *control* closes, then exit the process."""
    threading.Thread(target=Prober(settings, directory).run, name="prober", daemon=True).start()
    os.read(control, 1)
    os._exit(0)


class Prober:
    """Looks at each domain once at a time, at a few of them together."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._resolver = Resolver(settings.tls.resolver or of_this_host())
        self._directory = directory
        self._lock = threading.Lock()
        self._asked: set[str] = set()

    def run(self) -> NoReturn:
        """Hear and look, again and again."""
        with tls_offers.listen(self._directory) as hearing, ThreadPoolExecutor(_AT_ONCE) as pool:
            while True:
                self._hear(hearing, pool)

    def _hear(self, hearing: socket.socket, pool: ThreadPoolExecutor) -> None:
        domain = hearing.recv(1000).decode("ascii", "replace")
        with self._lock:
            if not is_domain(domain) or domain in self._asked or len(self._asked) >= _WAITING:
                return
            self._asked.add(domain)
        pool.submit(self._look, domain)

    def _look(self, domain: str) -> None:
        try:
            offers = self._verified(domain)
            with self._lock:
                tls_offers.note(self._directory, domain, offers=offers, at=time.time())
            _log.info("%s", log.line(event="tls_offer", domain=domain, verified=str(offers).lower()))
        except Exception as error:  # noqa: BLE001 (a bug of ours, or a full disk: the next one may go well)
            _log.error("%s", log.line(event="prober_fault", why=error, trace=log.trace(error)))
        finally:
            with self._lock:
                self._asked.discard(domain)

    def _verified(self, domain: str) -> bool:
        """Whether all servers of *domain* offer it: mail may go to any of them."""
        try:
            servers = list(self._resolver.servers(domain))
        except Failure:
            return False
        shown = (probed(each, port=25, authorities=None, seconds=_SECONDS) for each in servers)
        return bool(servers) and not any(each.obstacle(RequiredTls(Level.VERIFY), domain) for each in shown)
