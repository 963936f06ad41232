"""Sessions of administrators."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """From commands on the host alone."""
    op.create_table(
        "administrator_sessions",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("groups", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_administrator_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_administrator_sessions_address", "administrator_sessions", ["address"])
    op.create_index("ix_administrator_sessions_until", "administrator_sessions", ["until"])
