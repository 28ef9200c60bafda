"""Gates and rooms can be retired: no kiosk is put there any more, their scans stay."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("gates", "rooms"):
        op.add_column(table, sa.Column("retired_at", sa.BigInteger(), nullable=True))
