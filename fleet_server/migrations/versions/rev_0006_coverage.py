"""The weekly figures of coverage."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "counted_weeks",
        sa.Column("week", BIGINT, primary_key=True, autoincrement=False),
        sa.Column("counted_ms", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
    )
    op.create_table(
        "place_weeks",
        _week(),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), primary_key=True),
        sa.Column("scans", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("most_by_one", sa.Integer(), nullable=False),
        sa.Column("stays", sa.Integer(), nullable=False),
        sa.Column("exits", sa.Integer(), nullable=False),
        sa.Column("silence", sa.String(16), nullable=False),
        sa.Column("since", sa.BigInteger()),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id")),
        sa.Column("last_day", sa.Integer()),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_place_weeks_venue_id", "place_weeks", ["venue_id", "week"])
    op.create_table(
        "area_weeks",
        _week(),
        sa.Column("area_id", BIGINT, sa.ForeignKey("areas.id"), primary_key=True),
        sa.Column("people", sa.Integer(), nullable=False),
    )


def _week() -> sa.Column[int]:
    return sa.Column(
        "week", BIGINT, sa.ForeignKey("counted_weeks.week"), primary_key=True, autoincrement=False
    )
