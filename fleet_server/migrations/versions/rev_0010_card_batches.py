"""Tables of people that the desk issues cards for, sealed, until they are printed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "card_batches",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("account_id", BIGINT, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("batch", sa.String(32), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Text(), nullable=False),
        sa.Column("working_until", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(400), nullable=False),
    )
    op.create_index("ix_card_batches_account_id", "card_batches", ["account_id"])
    op.create_table(
        "card_batch_pieces",
        sa.Column("batch_id", BIGINT, sa.ForeignKey("card_batches.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("fresh", sa.Integer()),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
    )
