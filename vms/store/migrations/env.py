"""Alembic: runs on the connection Store.migrate passes in, or on the url of a developer's alembic command."""

from alembic import context
from sqlalchemy import create_engine

from vms.store import schema_incidents, schema_logins, schema_oversight, schema_shifts, schema_terms
from vms.store.schema import Base

for module in (schema_incidents, schema_logins, schema_oversight, schema_shifts, schema_terms):
    assert module.Base is Base  # importing them makes their tables known
connection = context.config.attributes.get("connection")
if connection is None:
    connection = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://").connect()
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
