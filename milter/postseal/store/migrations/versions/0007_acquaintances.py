"""Who has written to whom before, as digests."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """From a store that knows nobody's acquaintances."""
    op.create_table(
        "acquaintances",
        sa.Column("pair", sa.LargeBinary(32), nullable=False),
        sa.Column("message", sa.LargeBinary(32), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pair", name="pk_acquaintances"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_acquaintances_until", "acquaintances", ["until"])
