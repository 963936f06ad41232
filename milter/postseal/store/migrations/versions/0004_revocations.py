"""What issuers say about revocation."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """From a store that knows nothing of revocation."""
    op.create_table(
        "revocations",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("question", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("fetched", sa.BigInteger(), nullable=True),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_revocations"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_revocations_due", "revocations", ["due"])
