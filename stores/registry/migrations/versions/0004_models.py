"""Models: definitions, versions, files, the snapshots of those that learn, and what was done to them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, LONGBLOB, MEDIUMTEXT

revision = "0004_models"
down_revision = "0003_access"

EMPTY = sa.text("''")
OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
AT = DATETIME(fsp=3)
TEXT = MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    """Create the five tables."""
    op.create_table(
        "models",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("definition", TEXT, nullable=False),
        sa.Column("live_version", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, server_default=sa.text("1")),
        **OPTIONS,
    )
    op.create_table(
        "model_files",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("content", LONGBLOB, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "model_versions",
        sa.Column("model", sa.String(63), sa.ForeignKey("models.name"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("model_files.sha256"), nullable=False),
        sa.Column("metrics", TEXT, nullable=False),
        sa.Column("lineage", TEXT, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False, server_default=EMPTY),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "model_snapshots",
        sa.Column("model", sa.String(63), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("model_files.sha256"), nullable=False),
        sa.Column("offsets", TEXT, nullable=False),
        sa.Column("examples", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False, server_default=sa.text("'good'")),
        sa.Column("reason", sa.String(1000), nullable=False, server_default=EMPTY),
        sa.Column("created_at", AT, nullable=False),
        **OPTIONS,
    )
    op.create_table(
        "model_audit",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("model", sa.String(63), sa.ForeignKey("models.name"), nullable=False, index=True),
        sa.Column("version", sa.Integer),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("what", sa.String(200), nullable=False),
        sa.Column("done_at", AT, nullable=False),
        **OPTIONS,
    )


def downgrade() -> None:
    """Drop the five tables and all that is in them."""
    for table in ("model_audit", "model_snapshots", "model_versions", "model_files", "models"):
        op.drop_table(table)
