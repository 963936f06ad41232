"""Somebody must not read or administer any more: a telephone is lost, or somebody has left."""

from datetime import datetime

from postseal.store.administrators import Administrators
from postseal.store.audit import Entry, Event
from postseal.store.passkeys import Passkeys
from postseal.store.ring import Opened
from postseal.store.schema_administrators import administrator_passkeys
from postseal.store.sessions import Sessions


def sign_out(opened: Opened, address: str, *, by: str, at: datetime) -> tuple[int, int]:
    """End all sessions of *address* and forget its passkeys; how many of both.  Raises Failure.

    *address*: in the form to compare.  *by*: who wants it, for the audit.
    """
    own = Passkeys(opened.store, administrator_passkeys)
    passkeys = opened.passkeys.remove_all(address) + own.remove_all(address)
    sessions = Sessions(opened.store).end_all(address) + Administrators(opened.store).end_all(address)
    return _told(opened, address, sessions, passkeys, by=by, at=at)


def sign_out_reader(opened: Opened, address: str, *, by: str, at: datetime) -> tuple[int, int]:
    """The same, but that *address* goes on administering."""
    passkeys, sessions = opened.passkeys.remove_all(address), Sessions(opened.store).end_all(address)
    return _told(opened, address, sessions, passkeys, by=by, at=at)


def _told(
    opened: Opened, address: str, sessions: int, passkeys: int, *, by: str, at: datetime
) -> tuple[int, int]:
    entries = [Entry(Event.PASSKEY_REMOVED, address=address, detail=by)] * passkeys
    entries.append(Entry(Event.SIGNED_OUT, address=address, detail=f"{sessions} sessions, {by}"))
    opened.audit.add(entries, at=at)
    return sessions, passkeys
