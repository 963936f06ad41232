"""The tables of who signs in to the administrators' page."""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from postseal.store.schema import ADDRESS_CHARACTERS, KEY_OCTETS, Moment, metadata

administrator_sessions: Final = Table(
    "administrator_sessions",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("how", String(16), nullable=False),
    Column("groups", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index("ix_administrator_sessions_address", "address"),
    Index("ix_administrator_sessions_until", "until"),
    sqlite_with_rowid=False,
)
"""Browsers, and links that nobody has followed yet.  *id*: SHA-256 of what it is, and of cookie or word.

*address*: "" before he is known.  *groups*: that he was said to be in, as JSON.
"""

administrator_passkeys: Final = Table(
    "administrator_passkeys",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("credential", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used", Moment),
    Index("ix_administrator_passkeys_address", "address", "since"),
    Index("ix_administrator_passkeys_until", "until"),
    sqlite_with_rowid=False,
)
"""As `passkeys` of readers, which are worth nothing to an administrator."""
