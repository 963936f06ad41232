"""Certificates of others, whom they are used for, and who was asked about whom."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From the journal alone."""
    op.create_table(
        "certificates",
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("issuer", sa.LargeBinary(32), nullable=False),
        sa.Column("word", sa.String(12), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_certificates"),
        sa.CheckConstraint("length(fingerprint) = 32", name="ck_certificates_fingerprint"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "certificate_addresses",
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("address", "fingerprint", name="pk_certificate_addresses"),
        sa.ForeignKeyConstraint(
            ["fingerprint"], ["certificates.fingerprint"], name="fk_certificate_addresses", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_certificate_addresses_fingerprint", "certificate_addresses", ["fingerprint"])
    op.create_table(
        "lookups",
        sa.Column("origin", sa.String(12), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "address", name="pk_lookups"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lookups_until", "lookups", ["until"])
