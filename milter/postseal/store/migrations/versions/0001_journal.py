"""The journal of intents."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing."""
    op.create_table(
        "journal",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("owner", sa.String(200), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_journal"),
        sa.CheckConstraint("length(key) = 32", name="ck_journal_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_journal_until", "journal", ["until"])
