"""Reports of models' feature parity, and the users on whom a value differs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME, MEDIUMTEXT, VARBINARY

revision = "0009_feature_reports"
down_revision = "0008_erasures"

OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
TEXT = MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_bin")


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "model_feature_reports",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("model", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("from_at", DATETIME(fsp=3), nullable=False),
        sa.Column("until_at", DATETIME(fsp=3), nullable=False),
        sa.Column("made_at", DATETIME(fsp=3), nullable=False),
        sa.Column("vectors", sa.Integer, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("features", TEXT, nullable=False),
        sa.UniqueConstraint("model", "version", "until_at", name="uq_model_feature_reports"),
        **OPTIONS,
    )
    op.create_table(
        "model_feature_findings",
        sa.Column("report", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("user_id", VARBINARY(512), nullable=False),
        sa.Column("finding", TEXT, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_model_feature_findings_user_id", "model_feature_findings", ["user_id"])


def downgrade() -> None:
    """Drop the two tables."""
    op.drop_table("model_feature_findings")
    op.drop_table("model_feature_reports")
