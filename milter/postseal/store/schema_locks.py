"""The table of attempts to open what a sender asks for besides: a passphrase, or a code by telephone."""

from typing import Final

from sqlalchemy import Boolean, Column, Index, LargeBinary, String, Table

from postseal.store.schema import ADDRESS_CHARACTERS, KEY_OCTETS, Moment, metadata
from postseal.store.schema_sealed import ID_OCTETS

unlockings: Final = Table(
    "unlockings",
    metadata,
    Column("id", LargeBinary(ID_OCTETS), primary_key=True),
    Column("session", LargeBinary(KEY_OCTETS), nullable=False),
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("right", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Index("ix_unlockings_session", "session", "message"),
    Index("ix_unlockings_message", "message", "address", "since"),
    Index("ix_unlockings_since", "since"),
    sqlite_with_rowid=False,
)
"""*right*: this session has opened it.  The others are what limits are counted by."""
