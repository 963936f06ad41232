"""Senders as the portal knows them: they sign in for no message, but for all that they have sent."""

import hashlib
from typing import Final

from sqlalchemy import select

from postseal.store.engine import Store
from postseal.store.schema_sealed import ID_OCTETS, sealed_messages

SENDERS: Final = hashlib.sha256(b"postseal senders").digest()[:ID_OCTETS]
"""In place of a message's id, for passcodes, sign-ins and sessions of senders: no message has it."""


def has_sent(store: Store, address: str) -> bool:
    """Whether a message is known that *address*, in the form to compare, has sent."""
    query = select(sealed_messages.c.id).where(sealed_messages.c.author == address).limit(1)
    return store.read(lambda connection: connection.execute(query).first()) is not None
