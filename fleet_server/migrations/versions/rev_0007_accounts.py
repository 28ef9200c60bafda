"""People with accounts, their second factors and browsers; attempts; scopes of tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("login", sa.String(32), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("area_id", BIGINT, sa.ForeignKey("areas.id")),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_step", sa.BigInteger()),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("signed_in_at", sa.BigInteger()),
        sa.Column("disabled_at", sa.BigInteger()),
    )
    op.create_table(
        "account_venues",
        sa.Column("account_id", BIGINT, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), primary_key=True),
    )
    op.create_index("ix_account_venues_venue_id", "account_venues", ["venue_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("account_id", BIGINT, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("used_at", sa.BigInteger()),
    )
    op.create_index("ix_recovery_codes_account_id", "recovery_codes", ["account_id"])
    op.create_table(
        "browser_sessions",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("account_id", BIGINT, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("new_secret", sa.LargeBinary()),
    )
    op.create_index("ix_browser_sessions_account_id", "browser_sessions", ["account_id"])
    op.create_table(
        "attempts",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("counts_until", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_attempts_key_at", "attempts", ["key", "at"])
    op.create_index("ix_attempts_counts_until", "attempts", ["counts_until"])
    op.add_column("access_tokens", sa.Column("scopes", sa.String(400)))
