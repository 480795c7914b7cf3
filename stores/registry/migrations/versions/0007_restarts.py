"""Restarts of streaming jobs, and which of them are settled: what a lost run said last was compared and put right."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0007_restarts"
down_revision = "0006_analysis"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "job_restarts",
        sa.Column("job", sa.String(128), primary_key=True),
        sa.Column("restored_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("flink_job_id", sa.String(32), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("compared", sa.BigInteger),
        sa.Column("corrected", sa.BigInteger),
        sa.Column("settled_at", DATETIME(fsp=3)),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
    )


def downgrade() -> None:
    """Drop the table and all that is in it."""
    op.drop_table("job_restarts")
