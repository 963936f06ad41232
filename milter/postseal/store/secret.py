"""The secret of an installation: the key of keys that are not for messages, kept wrapped in the store.

It does not change when master keys do: rotation wraps it anew.  From it come, by label, the key of the
audit, the pepper of passcodes, what message ids are made with.  Whoever has the database alone has none
of them.
"""

import os
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from postseal.sealed.container import KEY_OCTETS
from postseal.sealed.master import MasterKeys, Wrapped
from postseal.store.engine import Store
from postseal.store.schema_sealed import secrets

_NAME: Final = "installation"
_CONTEXT: Final = b"postseal v1 secret\0installation"


class Secret:
    """The secret itself; it is never shown, and nothing but keys derived from it is used."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def derive(self, label: str) -> bytes:
        """The key of *label*, 32 octets: "audit", "passcode", "message", "passphrase" and so on."""
        info = b"postseal v1 " + label.encode()
        return HKDFExpand(SHA256(), KEY_OCTETS, info=info).derive(self._octets)


def load(store: Store, keys: MasterKeys) -> Secret:
    """The secret of the installation; made at the first call ever.  Raises Failure(KEYS) or (STORE)."""
    wrapped = _read(store)
    if wrapped is None:
        new = keys.wrap(os.urandom(KEY_OCTETS), _CONTEXT)
        row = {"name": _NAME, "master": new.master, "octets": new.octets}

        def make(connection: Connection) -> None:
            # Of two who make it at the same time, the later one takes what the earlier one made.
            if connection.dialect.name == "sqlite":
                connection.execute(sqlite.insert(secrets).values(row).on_conflict_do_nothing())
            else:
                connection.execute(postgresql.insert(secrets).values(row).on_conflict_do_nothing())

        store.write(make)
        wrapped = _read(store) or new
    return Secret(keys.unwrap(wrapped, _CONTEXT))


def rewrap(store: Store, keys: MasterKeys) -> bool:
    """Wrap the secret by the current master key, if it is not yet; whether it was done."""
    wrapped = _read(store)
    if wrapped is None or wrapped.master == keys.current:
        return False
    new = keys.wrap(keys.unwrap(wrapped, _CONTEXT), _CONTEXT)
    same = (secrets.c.name == _NAME, secrets.c.octets == wrapped.octets)
    values = {"master": new.master, "octets": new.octets}
    return store.write(
        lambda connection: bool(connection.execute(update(secrets).where(*same).values(values)).rowcount)
    )


def _read(store: Store) -> Wrapped | None:
    query = select(secrets.c.master, secrets.c.octets).where(secrets.c.name == _NAME)
    row = store.read(lambda connection: connection.execute(query).first())
    return Wrapped(row.master, row.octets) if row else None
