"""What a sender asks for besides: a passphrase, or a code by telephone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """From messages that open to whoever has signed in."""
    op.add_column("sealed_messages", sa.Column("lock", sa.LargeBinary()))
    op.add_column("sealed_recipients", sa.Column("number", sa.LargeBinary()))
    op.create_table(
        "unlockings",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("session", sa.LargeBinary(32), nullable=False),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_unlockings"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unlockings_session", "unlockings", ["session", "message"])
    op.create_index("ix_unlockings_message", "unlockings", ["message", "address", "since"])
    op.create_index("ix_unlockings_since", "unlockings", ["since"])
