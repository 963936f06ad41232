"""Revoking that can be undone, and the messages of a sender in order."""

import sqlalchemy as sa
from alembic import op

from postseal.envelope import key

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """From keys that were deleted at once, and senders as they were written."""
    op.add_column("sealed_recipients", sa.Column("undo", sa.BigInteger()))
    kept = sa.text("undo IS NOT NULL")
    op.create_index(
        "ix_sealed_recipients_undo", "sealed_recipients", ["undo"], sqlite_where=kept, postgresql_where=kept
    )
    author = sa.Column("author", sa.String(320), nullable=False, server_default="")
    op.add_column("sealed_messages", author)
    messages = sa.table("sealed_messages", sa.column("sender"), sa.column("author"))
    connection = op.get_bind()
    for sender in list(connection.scalars(sa.select(messages.c.sender).distinct())):
        change = sa.update(messages).where(messages.c.sender == sender).values(author=key(sender)[:320])
        connection.execute(change)
    op.drop_index("ix_sealed_messages_sender", "sealed_messages")
    op.create_index("ix_sealed_messages_author", "sealed_messages", ["author", "since", "id"])
