"""Tags, their versions, and who did what."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT

revision = "0001"
down_revision = None

EMPTY = sa.text("''")
OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "tags",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("owner", sa.String(500), nullable=False, server_default=EMPTY),
        sa.Column("dimension", sa.String(32), nullable=False, server_default=EMPTY),
        sa.Column("live_version", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, server_default=sa.text("1")),
        **OPTIONS,
    )
    op.create_table(
        "tag_versions",
        sa.Column("tag", sa.String(63), sa.ForeignKey("tags.name"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin"), nullable=False),
        sa.Column("checksum", sa.String(64), sa.Computed("SHA2(`text`, 256)", persisted=True)),
        sa.Column("status", sa.String(16), nullable=False, server_default=sa.text("'draft'")),
        sa.Column("cause", sa.String(1000), nullable=False, server_default=EMPTY),
        sa.Column("created_by", sa.String(128), nullable=False, server_default=EMPTY),
        sa.Column("approved_by", sa.String(128), nullable=False, server_default=EMPTY),
        sa.Column("job", sa.String(128), nullable=False, server_default=EMPTY),
        sa.Column("cleaned", sa.Boolean, nullable=False, server_default=sa.text("0")),
        sa.Column("changed_at", DATETIME(fsp=3), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP(3)")),
        **OPTIONS,
    )
    op.create_table(
        "tag_audit",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("tag", sa.String(63), sa.ForeignKey("tags.name"), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("done_at", DATETIME(fsp=3), nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_tag_audit_tag", "tag_audit", ["tag"])


def downgrade() -> None:
    """Drop the three tables and all that is in them."""
    for table in ("tag_audit", "tag_versions", "tags"):
        op.drop_table(table)
