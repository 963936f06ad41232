"""Readers to whom a recipient has forwarded a message."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """From licences."""
    op.create_table(
        "branches",
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("parent", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("message", "address", name="pk_branches"),
        sa.ForeignKeyConstraint(
            ["message", "address"],
            ["sealed_recipients.message", "sealed_recipients.address"],
            name="fk_branches",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_branches_parent", "branches", ["message", "parent"])
