"""What has to be done to sealed messages in the course of time, a little at each turn.

Nothing waits for it: an expiry counts at its moment, and a key under an older master key opens as before.
"""

from datetime import datetime, timedelta

from postseal.store import sealed, secret
from postseal.store.administrators import Administrators
from postseal.store.passkeys import Passkeys
from postseal.store.registry import Registry
from postseal.store.ring import Opened
from postseal.store.schema_administrators import administrator_passkeys
from postseal.store.sessions import Sessions


def turn(ring: Opened, at: datetime, *, forget: timedelta) -> int:
    """Do what is due; how much that was.  Raises Failure."""
    store = ring.store
    shredded = ring.access.expire(at) + ring.access.erase(at)
    shredded += Registry(store, ring.audit, ring.messages).forget(at - forget, at=at)
    rewrapped = sealed.rewrap(store, ring.keys) + secret.rewrap(store, ring.keys)
    tidied = ring.containers.tidy(at) + ring.passcodes.tidy(at) + Sessions(store).tidy(at)
    tidied += Administrators(store).tidy(at) + Passkeys(store, administrator_passkeys).tidy(at)
    tidied += ring.outbox.tidy(at) + ring.sign_ins.tidy(at) + ring.passkeys.tidy(at)
    tidied += ring.locks.tidy(at)
    if shredded or rewrapped:  # so is what an older master key had wrapped
        sealed.scrub(store)
    return shredded + rewrapped + tidied
