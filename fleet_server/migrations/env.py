"""Runs migrations on the connection `fleet_server.schema` hands over, inside its transaction."""

from alembic import context

from fleet_server.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
