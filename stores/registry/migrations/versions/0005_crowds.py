"""Snapshots of crowds, crowds that are watched, webhooks and what was delivered to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT

revision = "0005_crowds"
down_revision = "0004_models"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
AT = DATETIME(fsp=3)
TEXT = MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "crowd_snapshots",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("crowd", sa.String(63), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("rule", TEXT, nullable=False),
        sa.Column("bound", TEXT, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("started_at", AT),
        sa.Column("ended_at", AT),
        sa.Column("generation", sa.BigInteger),
        sa.Column("as_of", AT),
        sa.Column("tick", sa.Integer),
        sa.Column("users", sa.BigInteger),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_index("ix_crowd_snapshots_crowd", "crowd_snapshots", ["crowd"])
    op.create_index("ix_crowd_snapshots_state", "crowd_snapshots", ["state"])
    op.create_table(
        "crowd_watches",
        sa.Column("crowd", sa.String(63), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("dry_run", sa.Boolean, nullable=False),
        sa.Column("tells_present", sa.Boolean, nullable=False),
        sa.Column("batch", sa.BigInteger, nullable=False),
        sa.Column("published", sa.Boolean, nullable=False),
        sa.Column("planned", TEXT, nullable=False),
        sa.Column("problem", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_table(
        "crowd_hooks",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("crowd", sa.String(63), nullable=False),
        sa.Column("url", sa.String(1000), nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("watch", sa.String(64), nullable=False, server_default=sa.text("''")),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", AT, nullable=False),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_index("ix_crowd_hooks_crowd", "crowd_hooks", ["crowd"])
    op.create_table(
        "crowd_deliveries",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("watch", sa.String(64), nullable=False),
        sa.Column("first_sequence", sa.BigInteger, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("delivered", sa.Boolean, nullable=False),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=sa.text("''")),
        sa.Column("ended_at", AT, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_crowd_deliveries_hook", "crowd_deliveries", ["hook"])


def downgrade() -> None:
    """Drop the four tables and all that is in them."""
    op.drop_table("crowd_deliveries")
    op.drop_table("crowd_hooks")
    op.drop_table("crowd_watches")
    op.drop_table("crowd_snapshots")
