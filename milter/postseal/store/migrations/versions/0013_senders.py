"""What senders are shown and told of their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """From messages that only administrators knew."""
    op.add_column("sealed_messages", sa.Column("subject", sa.LargeBinary()))
    op.add_column("sealed_messages", sa.Column("latest", sa.BigInteger()))
    op.add_column(
        "sealed_messages",
        sa.Column("read_notice", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    # Whether a rule wanted an end, nobody knows any more: senders keep to what stands there.
    messages = sa.table("sealed_messages", sa.column("id"), sa.column("latest"))
    recipients = sa.table("sealed_recipients", sa.column("message"), sa.column("expires"))
    ends = sa.select(sa.func.max(recipients.c.expires)).where(recipients.c.message == messages.c.id)
    op.execute(sa.update(messages).values(latest=ends.scalar_subquery()))
    op.create_table(
        "read_notices",
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message", "address", name="pk_read_notices"),
        sa.ForeignKeyConstraint(
            ["message", "address"],
            ["sealed_recipients.message", "sealed_recipients.address"],
            name="fk_read_notices",
            ondelete="CASCADE",
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_read_notices_due", "read_notices", ["due"])
