"""What pages count of a venue's scans is read from the index alone."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

COUNTED = ["venue_id", "corrected_ms", "direction", "kiosk_id", "received_ms"]


def upgrade() -> None:
    op.drop_index("ix_scans_venue", "scans")
    op.create_index("ix_scans_venue", "scans", COUNTED)
