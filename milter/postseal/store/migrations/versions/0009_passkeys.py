"""Passkeys of recipients."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """From sign-ins under way."""
    op.create_table(
        "passkeys",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_passkeys_address", "passkeys", ["address", "since"])
    op.create_index("ix_passkeys_until", "passkeys", ["until"])
