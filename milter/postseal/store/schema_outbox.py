"""The tables of replies that were written in the portal and have to leave."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from postseal.store.schema import ADDRESS_CHARACTERS, KEY_OCTETS, Moment, metadata
from postseal.store.schema_sealed import DETAIL_CHARACTERS, ID_OCTETS

outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", LargeBinary(ID_OCTETS), primary_key=True),
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("seed", LargeBinary(KEY_OCTETS)),
    Column("tries", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("due", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    CheckConstraint(f"length(id) = {ID_OCTETS}", name="id"),
    Index("ix_outbox_due", "due"),
    Index("ix_outbox_message", "message", "address"),
    sqlite_with_rowid=False,
)
"""Replies.  *message*: what was replied to, by *address*.  *seed*: the key is made from it; NULL when the
reply has left or is given up, and then *due* is when the row is forgotten, lest it is sent again.
*until*: when it is given up.
"""

outbox_recipients: Final = Table(
    "outbox_recipients",
    metadata,
    Column(
        "reply",
        LargeBinary(ID_OCTETS),
        ForeignKey("outbox.id", name="fk_outbox_recipients", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column("way", String(12), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("why", String(DETAIL_CHARACTERS), nullable=False),
    sqlite_with_rowid=False,
)
"""To whom a reply goes, on which way, and what became of that."""
