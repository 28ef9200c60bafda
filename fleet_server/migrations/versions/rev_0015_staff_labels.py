"""Who works at a venue is told apart by the label of the scan they were noted from."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "venue_staff", sa.Column("label", sa.String(64), nullable=False, server_default="")
    )
