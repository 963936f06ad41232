"""The tables.  How a database gets them is written in `migrations`; a test holds the two together."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator

KEY_OCTETS: Final = 32
OWNER_CHARACTERS: Final = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A moment, to the microsecond, as a number: SQLite would lose the time zone."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds since 1970."""
        return None if value is None else (value - _EPOCH) // _TICK

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """The same moment in UTC."""
        return None if value is None else _EPOCH + value * _TICK


# Names for all constraints, so that a migration can find them again.
metadata: Final = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
)

journal: Final = Table(
    "journal",
    metadata,
    Column("key", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("owner", String(OWNER_CHARACTERS), nullable=False),
    Column("done", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    CheckConstraint(f"length(key) = {KEY_OCTETS}", name="key"),
    Index("ix_journal_until", "until"),
    sqlite_with_rowid=False,
)
"""Intents.  *since*: when it was claimed or done.  *until*: when that ends; then the row counts no more."""
