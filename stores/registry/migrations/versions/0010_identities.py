"""Merges of user ids, and to which person each id belongs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, VARBINARY

revision = "0010_identities"
down_revision = "0009_feature_reports"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Create the three tables, and the one row of the counter."""
    op.create_table(
        "identity_merges",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("user_id", VARBINARY(512), nullable=False),
        sa.Column("into_id", VARBINARY(512), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("merged_by", sa.String(128), nullable=False),
        sa.Column("merged_at", DATETIME(fsp=3), nullable=False),
        sa.Column("undone_by", sa.String(128)),
        sa.Column("undone_at", DATETIME(fsp=3)),
        **OPTIONS,
    )
    op.create_index("ix_identity_merges_user_id", "identity_merges", ["user_id"])
    op.create_index("ix_identity_merges_into_id", "identity_merges", ["into_id"])
    op.create_table(
        "identities",
        sa.Column("user_id", VARBINARY(512), primary_key=True),
        sa.Column("canonical", VARBINARY(512), nullable=False),
        sa.Column("merge_id", sa.String(64), nullable=False),
        sa.Column("change_no", sa.BigInteger, nullable=False),
        sa.Column("changed_at", DATETIME(fsp=3), nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_identities_canonical", "identities", ["canonical"])
    op.create_index("ix_identities_change_no", "identities", ["change_no"])
    op.create_index("ix_identities_published", "identities", ["published"])
    op.create_table(
        "identity_counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("change_no", sa.BigInteger, nullable=False),
        **OPTIONS,
    )
    op.execute("INSERT INTO identity_counter (id, change_no) VALUES (1, 0)")


def downgrade() -> None:
    """Drop the tables. What was published stays in the log."""
    for table in ("identity_counter", "identities", "identity_merges"):
        op.drop_table(table)
