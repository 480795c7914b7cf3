"""Users, API keys, sessions and the audit log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0003_access"
down_revision = "0002_previews"

EMPTY = sa.text("''")
OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}
AT = DATETIME(fsp=3)


def upgrade() -> None:
    """Create the four tables."""
    op.create_table(
        "access_users",
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False, server_default=EMPTY),
        sa.Column("subject", sa.String(500), unique=True),
        sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("last_login_at", AT),
        **OPTIONS,
    )
    op.create_table(
        "access_keys",
        sa.Column("prefix", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT),
        sa.Column("last_used_at", AT),
        sa.Column("revoked_at", AT),
        **OPTIONS,
    )
    op.create_table(
        "access_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("user", sa.String(63), sa.ForeignKey("access_users.name"), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_access_sessions_user", "access_sessions", ["user"])
    op.create_index("ix_access_sessions_expires_at", "access_sessions", ["expires_at"])
    op.create_table(
        "access_audit",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=True),
        sa.Column("at", AT, nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("detail", sa.String(1000), nullable=False),
        sa.Column("outcome", sa.Integer),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("client", sa.String(64), nullable=False),
        **OPTIONS,
    )
    op.create_index("ix_access_audit_actor", "access_audit", ["actor", "id"])
    op.create_index("ix_access_audit_what", "access_audit", ["what", "id"])


def downgrade() -> None:
    """Drop the four tables and all that is in them."""
    for table in ("access_audit", "access_sessions", "access_keys", "access_users"):
        op.drop_table(table)
