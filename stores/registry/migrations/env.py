"""Alembic's entry: on the connection that `stores.registry.schema` hands over."""

from alembic import context

import stores.crowd_tables
import stores.erasure_tables
import stores.models.tables  # noqa: F401  (its tables are of the registry too)
from stores.registry.models import Base
from stores.registry.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    # The database holds tables of others, which are no part of the registry.
    include_object=lambda thing, name, kind, reflected, other: kind != "table" or name in Base.metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
