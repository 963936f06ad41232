"""Passkeys of administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """From accounts and links alone."""
    op.create_table(
        "administrator_passkeys",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_administrator_passkeys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_administrator_passkeys_address", "administrator_passkeys", ["address", "since"])
    op.create_index("ix_administrator_passkeys_until", "administrator_passkeys", ["until"])
