"""When kiosks were away, so that a kiosk's page can show its last days."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "outages",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
    )
    op.create_index("ix_outages_kiosk", "outages", ["kiosk_id", "until_ms"])
    op.create_index("ix_outages_until_ms", "outages", ["until_ms"])
