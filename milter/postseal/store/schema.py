"""The tables.  How a database gets them is written in `migrations`; a test holds the two together."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.types import TypeDecorator

KEY_OCTETS: Final = 32
ADDRESS_CHARACTERS: Final = 320
"""RFC 5321 §4.5.3.1: 64 for the local part, 255 for the domain."""
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

certificates: Final = Table(
    "certificates",
    metadata,
    Column("fingerprint", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("octets", LargeBinary, nullable=False),
    Column("key", LargeBinary(KEY_OCTETS), nullable=False),
    Column("issuer", LargeBinary(KEY_OCTETS), nullable=False),
    Column("word", String(12), nullable=False),
    Column("since", Moment, nullable=False),
    Column("ends", Moment, nullable=False),
    Column("capabilities", String(200), nullable=False, server_default=""),
    Column("capable", Moment),
    CheckConstraint(f"length(fingerprint) = {KEY_OCTETS}", name="fingerprint"),
    sqlite_with_rowid=False,
)
"""Certificates of others, DER.  *key*, *issuer*: SHA-256 of the public key and of the issuer's name.

*word*: what the administrator said of it, "" for nothing.  *ends*: its notAfter.
*capabilities*: the words of what its owner's programs read, *capable*: when he signed that he says so.
"""

certificate_addresses: Final = Table(
    "certificate_addresses",
    metadata,
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column(
        "fingerprint",
        LargeBinary(KEY_OCTETS),
        ForeignKey("certificates.fingerprint", name="fk_certificate_addresses", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("origin", String(12), nullable=False),
    Column("pending", Boolean, nullable=False),
    Column("since", Moment, nullable=False),
    Index("ix_certificate_addresses_fingerprint", "fingerprint"),
    sqlite_with_rowid=False,
)
"""Whom a certificate is used for: an address in the form to compare, or `@domain` for all of a domain.

*origin*: how we came by it.  *pending*: it waits for the administrator, and is not used until then.
"""

lookups: Final = Table(
    "lookups",
    metadata,
    Column("origin", String(12), primary_key=True),
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column("until", Moment, nullable=False),
    Index("ix_lookups_until", "until"),
    sqlite_with_rowid=False,
)
"""Who was asked about whom; what was found stands in certificate_addresses, and counts *until* then."""

revocations: Final = Table(
    "revocations",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("question", LargeBinary, nullable=False),
    Column("answer", LargeBinary, nullable=True),
    Column("fetched", Moment, nullable=True),
    Column("wanted", Moment, nullable=False),
    Column("due", Moment, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("why", String(300), nullable=False),
    Index("ix_revocations_due", "due"),
    sqlite_with_rowid=False,
)
"""What issuers say about revocation: their lists, and with a *question* their responders' answers.

*wanted*: when somebody last asked for it.  *due*: when it is fetched next.  *failures*: since it was
last fetched, the last of them for the reason *why*.
"""

acquaintances: Final = Table(
    "acquaintances",
    metadata,
    Column("pair", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("message", LargeBinary(KEY_OCTETS), nullable=False),
    Column("until", Moment, nullable=False),
    Index("ix_acquaintances_until", "until"),
    sqlite_with_rowid=False,
)
"""Who has written to whom: keyed digests of a sender with a recipient, and of the first *message*.

*until*: when the two are strangers again, if nothing else is sent.
"""
