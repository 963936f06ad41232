"""Run by alembic, for `postseal.store.migrate`, over the connection that this hands in."""

from alembic import context

from postseal.store import (  # noqa: F401 (their tables join the others)
    schema_administrators,
    schema_locks,
    schema_outbox,
    schema_sealed,
)
from postseal.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can do it too, since we and not its driver begin transactions
    render_as_batch=True,
)
context.run_migrations()
