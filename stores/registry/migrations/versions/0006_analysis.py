"""Queries that analysts saved, what operators ask of jobs, and dead letters that were sent again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT

revision = "0006_analysis"
down_revision = "0005_crowds"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
AT = DATETIME(fsp=3)


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "saved_queries",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("text", MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.text("0")),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_saved_queries_owner", "saved_queries", ["owner"])
    op.create_index("ix_saved_queries_title", "saved_queries", ["title", "id"])
    op.create_table(
        "job_requests",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("job", sa.String(128), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("started_at", AT),
        sa.Column("ended_at", AT),
        sa.Column("said", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_index("ix_job_requests_state", "job_requests", ["state", "asked_at"])
    op.create_index("ix_job_requests_asked_at", "job_requests", ["asked_at"])
    op.create_table(
        "dead_letter_replays",
        sa.Column("topic", sa.String(255), primary_key=True),
        sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("sent_part", sa.Integer),
        sa.Column("sent_place", sa.BigInteger),
        **OPTIONS,
    )


def downgrade() -> None:
    """Drop the three tables and all that is in them."""
    for table in ("dead_letter_replays", "job_requests", "saved_queries"):
        op.drop_table(table)
