"""The table of how readers came to a message whom its sender has not named."""

from typing import Final

from sqlalchemy import Column, ForeignKeyConstraint, Index, LargeBinary, String, Table

from postseal.store.schema import ADDRESS_CHARACTERS, Moment, metadata
from postseal.store.schema_sealed import ID_OCTETS

branches: Final = Table(
    "branches",
    metadata,
    Column("message", LargeBinary(ID_OCTETS), primary_key=True),
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column("parent", String(ADDRESS_CHARACTERS), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("since", Moment, nullable=False),
    Column("note", LargeBinary),
    ForeignKeyConstraint(
        ["message", "address"],
        ["sealed_recipients.message", "sealed_recipients.address"],
        name="fk_branches",
        ondelete="CASCADE",
    ),
    Index("ix_branches_parent", "message", "parent"),
    sqlite_with_rowid=False,
)
"""*address* reads the message by way of *parent*, who stands among its recipients as well.

*note*: what *parent* wrote to him, sealed under the message's key.
"""
