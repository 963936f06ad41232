"""Sign-ins that were begun with a provider, or with a passkey."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """From acquaintances."""
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("session", sa.LargeBinary(32), nullable=False),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("back", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sqlite_with_rowid=False,
    )
    for column in ("session", "network"):
        op.create_index(f"ix_sign_ins_{column}", "sign_ins", [column, "since"])
    op.create_index("ix_sign_ins_since", "sign_ins", ["since"])
