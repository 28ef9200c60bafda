"""An access code can be somebody's own: it may what they may, in their name."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("access_tokens") as tokens:
        tokens.add_column(sa.Column("account_id", BIGINT, nullable=True))
        tokens.create_foreign_key(
            "fk_access_tokens_account_id_accounts", "accounts", ["account_id"], ["id"]
        )
        tokens.alter_column("role", existing_type=sa.String(32), nullable=True)
    op.create_index("ix_access_tokens_account_id", "access_tokens", ["account_id"])
