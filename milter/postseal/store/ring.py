"""Master keys and store, put together: what milter, portal and commands need to seal and to open.

Made before a fork and opened after it, once in each process; the secret of the installation is unwrapped
at the first use and stays in memory.  Every verb may raise Failure(KEYS) or Failure(STORE).
"""

import os
import threading
from dataclasses import dataclass

from postseal.sealed.master import MasterKeys
from postseal.store import secret
from postseal.store.access import Access
from postseal.store.audit import Audit
from postseal.store.branches import Branches
from postseal.store.containers import Containers
from postseal.store.engine import Store
from postseal.store.locks import Locks
from postseal.store.outbox import Outbox
from postseal.store.passcodes import Passcodes
from postseal.store.passkeys import Passkeys
from postseal.store.read_notices import ReadNotices
from postseal.store.sealed import SealedMessages
from postseal.store.secret import Secret
from postseal.store.sign_ins import SignIns


@dataclass(frozen=True, slots=True)
class Opened:
    """The verbs of a process that has the master keys."""

    store: Store
    keys: MasterKeys
    secret: Secret
    audit: Audit
    messages: SealedMessages
    access: Access
    containers: Containers
    passcodes: Passcodes
    outbox: Outbox
    sign_ins: SignIns
    passkeys: Passkeys
    branches: Branches
    read_notices: ReadNotices
    locks: Locks


class Ring:
    """The store *dsn* and the master *keys*."""

    def __init__(self, dsn: str, *, timeout: float, keys: MasterKeys) -> None:
        self._dsn = dsn
        self._timeout = timeout
        self._keys = keys
        self._lock = threading.Lock()
        self._opened: tuple[int, Opened] | None = None

    def open(self) -> Opened:
        """The verbs.  A failure is not remembered: the next call tries anew."""
        with self._lock:  # nothing of a database survives a fork
            if self._opened is None or self._opened[0] != os.getpid():
                self._opened = (os.getpid(), opened(Store(self._dsn, timeout=self._timeout), self._keys))
            return self._opened[1]


def opened(store: Store, keys: MasterKeys) -> Opened:
    """The verbs over *store*."""
    known = secret.load(store, keys)
    audit = Audit(store, known.derive("audit"))
    messages = SealedMessages(store, audit)
    passcodes = Passcodes(store, known.derive("passcode"))
    containers = Containers(store)
    outbox = Outbox(store, audit=audit, containers=containers, secret=known)
    sign_ins = SignIns(store, known.derive("sign-in"))
    return Opened(
        *(store, keys, known, audit, messages, Access(store, audit)),
        *(containers, passcodes, outbox, sign_ins, Passkeys(store), Branches(store)),
        *(ReadNotices(store, audit), Locks(store, known)),
    )
