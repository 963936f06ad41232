"""What the owner of a certificate has said that his programs read."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """From certificates of which nothing was heard."""
    op.add_column(
        "certificates", sa.Column("capabilities", sa.String(200), nullable=False, server_default="")
    )
    op.add_column("certificates", sa.Column("capable", sa.BigInteger(), nullable=True))
