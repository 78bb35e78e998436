"""Alembic: runs on the connection Store.migrate passes in, or on the url of a developer's alembic command."""

from alembic import context
from sqlalchemy import create_engine

import vms.store.schema_oversight  # noqa: F401 – its tables are part of the schema
from vms.store import schema_logins  # noqa: F401 – its tables join the metadata
from vms.store.schema import Base

connection = context.config.attributes.get("connection")
if connection is None:
    connection = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://").connect()
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
