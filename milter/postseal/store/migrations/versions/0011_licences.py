"""What holds for readers of a message besides their rights, and for which message they have signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """From revocations that can be undone."""
    op.add_column("sealed_messages", sa.Column("licence", sa.Text(), nullable=False, server_default=""))
    op.add_column("portal_sessions", sa.Column("message", sa.LargeBinary(16)))
