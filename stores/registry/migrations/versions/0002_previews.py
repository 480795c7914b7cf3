"""Requests that may come twice, and previews of drafts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT

revision = "0002_previews"
down_revision = "0001"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "tag_requests",
        sa.Column("who", sa.String(128), primary_key=True),
        sa.Column("request_key", sa.String(200), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("tag", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("asked_at", DATETIME(fsp=3), nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_tag_requests_asked_at", "tag_requests", ["asked_at"])
    op.create_table(
        "tag_previews",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("text", MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_at", DATETIME(fsp=3), nullable=False),
        sa.Column("started_at", DATETIME(fsp=3)),
        sa.Column("ended_at", DATETIME(fsp=3)),
        sa.Column("result", MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=sa.text("''")),
        **OPTIONS,
    )
    op.create_index("ix_tag_previews_state", "tag_previews", ["state"])


def downgrade() -> None:
    """Drop the two tables and all that is in them."""
    op.drop_table("tag_previews")
    op.drop_table("tag_requests")
