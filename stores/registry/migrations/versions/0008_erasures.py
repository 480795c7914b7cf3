"""Erasures of users, and what is known of each store."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, VARBINARY

revision = "0008_erasures"
down_revision = "0007_restarts"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "erasures",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(64), nullable=False, unique=True),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("user_id", VARBINARY(512)),
        sa.Column("user_no", sa.BigInteger),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("asked_at", DATETIME(fsp=3), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("published_at", DATETIME(fsp=3)),
        sa.Column("swept_at", DATETIME(fsp=3)),
        sa.Column("completed_at", DATETIME(fsp=3)),
        sa.Column("next_at", DATETIME(fsp=3), nullable=False),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_index("ix_erasures_subject", "erasures", ["subject"])
    op.create_index("ix_erasures_state", "erasures", ["state"])
    op.create_table(
        "erasure_steps",
        sa.Column("erasure", sa.String(64), primary_key=True),
        sa.Column("store", sa.String(32), primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("removed", sa.BigInteger, nullable=False),
        sa.Column("finished_at", DATETIME(fsp=3)),
        sa.Column("kept_until", DATETIME(fsp=3)),
        sa.Column("detail", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )


def downgrade() -> None:
    """Drop the two tables: then nobody knows any more who must not come back."""
    op.drop_table("erasure_steps")
    op.drop_table("erasures")
