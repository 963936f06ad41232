"""Sealed messages, their keys and containers, passcodes, sessions of the portal, and the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """From the journal and the certificates."""
    _messages()
    _kept()
    _portal()


def _messages() -> None:
    op.create_table(
        "sealed_messages",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("message_id", sa.String(998), nullable=False),
        sa.Column("sender", sa.String(320), nullable=False),
        sa.Column("rights", sa.String(300), nullable=False),
        sa.Column("brand", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sealed_messages"),
        sa.CheckConstraint("length(id) = 16", name="ck_sealed_messages_id"),
        sqlite_with_rowid=False,
    )
    for column in ("message_id", "sender", "since"):
        op.create_index(f"ix_sealed_messages_{column}", "sealed_messages", [column])
    op.create_table(
        "sealed_recipients",
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("written", sa.String(320), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("expires", sa.BigInteger()),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message", "address", name="pk_sealed_recipients"),
        sa.ForeignKeyConstraint(
            ["message"], ["sealed_messages.id"], name="fk_sealed_recipients", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sealed_recipients_address", "sealed_recipients", ["address"])
    op.create_index("ix_sealed_recipients_expires", "sealed_recipients", ["state", "expires"])
    op.create_table(
        "sealed_keys",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("master", sa.String(64), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_sealed_keys"),
        sa.ForeignKeyConstraint(
            ["message", "address"],
            ["sealed_recipients.message", "sealed_recipients.address"],
            name="fk_sealed_keys",
            ondelete="CASCADE",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sealed_keys_recipient", "sealed_keys", ["message", "address"], unique=True)
    op.create_index("ix_sealed_keys_master", "sealed_keys", ["master"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("master", sa.String(64), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
        sqlite_with_rowid=False,
    )


def _kept() -> None:
    op.create_table(
        "containers",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("name", sa.LargeBinary(32)),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_containers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_containers_name", "containers", ["name"], unique=True)
    for column in ("message", "until"):
        op.create_index(f"ix_containers_{column}", "containers", [column])
    op.create_table(
        "container_pieces",
        sa.Column("container", sa.LargeBinary(16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("container", "number", name="pk_container_pieces"),
        sa.ForeignKeyConstraint(
            ["container"], ["containers.id"], name="fk_container_pieces", ondelete="CASCADE"
        ),
    )


def _portal() -> None:
    op.create_table(
        "passcodes",
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("session", sa.LargeBinary(32), nullable=False),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("network", sa.String(64), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_passcodes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_passcodes_session", "passcodes", ["session", "message", "address", "since"])
    for column in ("address", "network"):
        op.create_index(f"ix_passcodes_{column}", "passcodes", [column, "since"])
    op.create_index("ix_passcodes_since", "passcodes", ["since"])
    op.create_table(
        "portal_sessions",
        sa.Column("id", sa.LargeBinary(32), nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("how", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_portal_sessions"),
        sqlite_with_rowid=False,
    )
    for column in ("address", "until"):
        op.create_index(f"ix_portal_sessions_{column}", "portal_sessions", [column])
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("message", sa.LargeBinary(16)),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("detail", sa.String(300), nullable=False),
        sa.Column("mac", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_audit_message", "audit", ["message"])
