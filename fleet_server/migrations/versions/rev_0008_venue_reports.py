"""How many people a venue holds, and what managers tell tracers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("venues", sa.Column("capacity", sa.Integer(), nullable=True))
    op.create_table(
        "venue_reports",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_by", sa.String(64), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=True),
        sa.Column("seen_by", sa.String(64), nullable=True),
        sa.Column("answer", sa.String(500), nullable=False),
    )
    op.create_index("ix_venue_reports_venue", "venue_reports", ["venue_id", "told_ms"])
    op.create_index("ix_venue_reports_told_ms", "venue_reports", ["told_ms"])
