"""The tables of sealed messages: whom they are for, their wrapped keys, what the portal keeps, the audit.

No table holds a subject, a body, a name of a file or a passcode in clear.  Wrapped keys have a table of
their own, so that a backup can leave it out: without it, nothing sealed can be read any more.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    text,
)

from postseal.store.schema import ADDRESS_CHARACTERS, KEY_OCTETS, Moment, metadata

ID_OCTETS: Final = 16
MESSAGE_ID_CHARACTERS: Final = 998
"""RFC 5322 §2.1.1: what one line holds."""
DETAIL_CHARACTERS: Final = 300

_Counted = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts INTEGER keys only

sealed_messages: Final = Table(
    "sealed_messages",
    metadata,
    Column("id", LargeBinary(ID_OCTETS), primary_key=True),
    Column("message_id", String(MESSAGE_ID_CHARACTERS), nullable=False),
    Column("sender", String(ADDRESS_CHARACTERS), nullable=False),
    Column("author", String(ADDRESS_CHARACTERS), nullable=False, server_default=""),
    Column("rights", String(300), nullable=False),
    Column("licence", Text, nullable=False, server_default=""),
    Column("lock", LargeBinary),
    Column("brand", String(64), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("subject", LargeBinary),
    Column("latest", Moment),
    Column("read_notice", Boolean, nullable=False, server_default=false()),
    CheckConstraint(f"length(id) = {ID_OCTETS}", name="id"),
    Index("ix_sealed_messages_message_id", "message_id"),
    Index("ix_sealed_messages_author", "author", "since", "id"),
    Index("ix_sealed_messages_since", "since"),
    sqlite_with_rowid=False,
)
"""What was sealed.  *author*: the sender in the form to compare.  *size*: of the plaintext.

*rights*: those that policy withholds, with commas.  *licence*: `Licence.text`.  *subject*: sealed, under a
key that comes from the message's.  *latest*: beyond which its sender must not extend it, NULL if no rule says
how long it can be read.  *read_notice*: whether he is told when somebody first reads it.  *lock*: of a
passphrase.
"""

sealed_recipients: Final = Table(
    "sealed_recipients",
    metadata,
    Column(
        "message",
        LargeBinary(ID_OCTETS),
        ForeignKey("sealed_messages.id", name="fk_sealed_recipients", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column("written", String(ADDRESS_CHARACTERS), nullable=False),
    Column("state", String(12), nullable=False),
    Column("expires", Moment),
    Column("changed", Moment, nullable=False),
    Column("undo", Moment),
    Column("number", LargeBinary),
    Index("ix_sealed_recipients_address", "address"),
    Index("ix_sealed_recipients_expires", "state", "expires"),
    Index(
        "ix_sealed_recipients_undo",
        "undo",
        sqlite_where=text("undo IS NOT NULL"),
        postgresql_where=text("undo IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)
"""Who may read it.  *address*: in the form to compare; *written*: as mail to him is addressed.

*expires*: NULL for never.  *changed*: when *state* was set.  *undo*: until when the key of who was revoked
is kept, NULL if it is deleted, or nobody has revoked it.  *number*: of the telephone that the sender wants a
code to go to besides, encrypted.
"""

sealed_keys: Final = Table(
    "sealed_keys",
    metadata,
    Column("number", _Counted, primary_key=True),  # rows only ever go to the end: no page is split
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("master", String(64), nullable=False),
    Column("octets", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["message", "address"],
        ["sealed_recipients.message", "sealed_recipients.address"],
        name="fk_sealed_keys",
        ondelete="CASCADE",
    ),
    Index("ix_sealed_keys_recipient", "message", "address", unique=True),
    Index("ix_sealed_keys_master", "master"),
    sqlite_autoincrement=True,
)
"""The message's key, wrapped by the master key of the name *master* for this recipient."""

read_notices: Final = Table(
    "read_notices",
    metadata,
    Column("message", LargeBinary(ID_OCTETS), primary_key=True),
    Column("address", String(ADDRESS_CHARACTERS), primary_key=True),
    Column("since", Moment, nullable=False),
    Column("due", Moment),
    Column("tries", Integer, nullable=False),
    ForeignKeyConstraint(
        ["message", "address"],
        ["sealed_recipients.message", "sealed_recipients.address"],
        name="fk_read_notices",
        ondelete="CASCADE",
    ),
    Index("ix_read_notices_due", "due"),
    sqlite_with_rowid=False,
)
"""What senders have to be told: *address* has read *message*, first at *since*.  *due*: NULL when done."""

secrets: Final = Table(
    "secrets",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("master", String(64), nullable=False),
    Column("octets", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Secrets of the installation that must survive the rotation of master keys, wrapped as keys are."""

containers: Final = Table(
    "containers",
    metadata,
    Column("id", LargeBinary(ID_OCTETS), primary_key=True),
    Column("name", LargeBinary(KEY_OCTETS)),
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment),
    Index("ix_containers_name", "name", unique=True),
    Index("ix_containers_message", "message"),
    Index("ix_containers_until", "until"),
    sqlite_with_rowid=False,
)
"""Sealed containers that the portal keeps: copies for the link, and what a browser has posted.

*name*: what it is found by, NULL until all of it is there.  *until*: NULL: as long as its message is known.
"""

container_pieces: Final = Table(
    "container_pieces",
    metadata,
    Column(
        "container",
        LargeBinary(ID_OCTETS),
        ForeignKey("containers.id", name="fk_container_pieces", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("number", Integer, primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)
"""Their octets, in order."""

passcodes: Final = Table(
    "passcodes",
    metadata,
    Column("id", LargeBinary(ID_OCTETS), primary_key=True),
    Column("session", LargeBinary(KEY_OCTETS), nullable=False),
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("network", String(64), nullable=False),
    Column("mac", LargeBinary(KEY_OCTETS), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used", Moment),
    Index("ix_passcodes_session", "session", "message", "address", "since"),
    Index("ix_passcodes_address", "address", "since"),
    Index("ix_passcodes_network", "network", "since"),
    Index("ix_passcodes_since", "since"),
    sqlite_with_rowid=False,
)
"""Passcodes that were asked for, also in vain: they are what limits are counted by."""

portal_sessions: Final = Table(
    "portal_sessions",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("how", String(16), nullable=False),
    Column("message", LargeBinary(ID_OCTETS)),
    Column("since", Moment, nullable=False),
    Column("seen", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Index("ix_portal_sessions_address", "address"),
    Index("ix_portal_sessions_until", "until"),
    sqlite_with_rowid=False,
)
"""Browsers.  *id*: SHA-256 of the cookie.  *address*: whose mail it may read, "" before he is known.

*message*: for which he has signed in.
"""

sign_ins: Final = Table(
    "sign_ins",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("session", LargeBinary(KEY_OCTETS), nullable=False),
    Column("message", LargeBinary(ID_OCTETS), nullable=False),
    Column("method", String(16), nullable=False),
    Column("network", String(64), nullable=False),
    Column("back", LargeBinary, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used", Moment),
    Index("ix_sign_ins_session", "session", "since"),
    Index("ix_sign_ins_network", "network", "since"),
    Index("ix_sign_ins_since", "since"),
    sqlite_with_rowid=False,
)
"""Sign-ins under way.  *id*: SHA-256 of the state.  *back*: the page to go back to, sealed by the state."""

passkeys: Final = Table(
    "passkeys",
    metadata,
    Column("id", LargeBinary(KEY_OCTETS), primary_key=True),
    Column("credential", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("used", Moment),
    Index("ix_passkeys_address", "address", "since"),
    Index("ix_passkeys_until", "until"),
    sqlite_with_rowid=False,
)
"""Public keys of people.  *id*: SHA-256 of the credential's own, which may be long."""

audit: Final = Table(
    "audit",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("event", String(24), nullable=False),
    Column("message", LargeBinary(ID_OCTETS)),
    Column("address", String(ADDRESS_CHARACTERS), nullable=False),
    Column("detail", String(DETAIL_CHARACTERS), nullable=False),
    Column("mac", LargeBinary(KEY_OCTETS), nullable=False),
    Index("ix_audit_message", "message"),
    sqlite_with_rowid=False,
)
"""What happened to sealed messages; each row's *mac* is over the row and the *mac* before it."""
