"""Alembic's entry: runs the chain inside the transaction and on the connection that the opener hands over."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
