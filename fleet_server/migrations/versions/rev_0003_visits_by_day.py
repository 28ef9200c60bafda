"""Visits by day, what they were before, imported ones, staff, and rules as versions.

Visits are derived from scans, so they are not moved but derived again.
"""

import datetime as dt
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VISIT = """person_id BIGINT NOT NULL, entered_at BIGINT NOT NULL, venue_id BIGINT NOT NULL,
    end_latest BIGINT NOT NULL, ending SMALLINT NOT NULL, room_id BIGINT, left_at BIGINT,
    entered_earliest BIGINT, entered_latest BIGINT, end_earliest BIGINT,
    end_source SMALLINT NOT NULL, entry_scan_id BIGINT, exit_scan_id BIGINT,
    authentic SMALLINT NOT NULL, capped SMALLINT NOT NULL, staff SMALLINT NOT NULL,
    since_ms BIGINT NOT NULL"""
POSTGRESQL = (
    f"CREATE TABLE visits ({VISIT}) PARTITION BY RANGE (entered_at)",
    """CREATE UNIQUE INDEX visits_by_venue ON visits (venue_id, entered_at, person_id)
       INCLUDE (end_latest, ending, room_id)""",
    """CREATE INDEX visits_by_person ON visits (person_id, entered_at)
       INCLUDE (venue_id, end_latest, ending, room_id)""",
    f"""CREATE TABLE stay_history ({VISIT}, until_ms BIGINT NOT NULL)
        PARTITION BY RANGE (entered_at)""",
    "CREATE INDEX stay_history_by_venue ON stay_history (venue_id, entered_at)",
    "CREATE INDEX stay_history_by_person ON stay_history (person_id, entered_at)",
)
"""SQLite's tables are made as the days come."""


def upgrade() -> None:
    op.drop_table("visits")
    op.execute(
        "INSERT INTO stale_visits (person_id, since_ms) SELECT id, 0 FROM persons"
        " WHERE id NOT IN (SELECT person_id FROM stale_visits)"
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL:
            op.execute(statement)
    _visits()
    _rules()
    _imports()


def _visits() -> None:
    op.create_table("visit_days", sa.Column("day", BIGINT, primary_key=True, autoincrement=False))
    op.create_table(
        "unsure_stays",
        sa.Column("venue_id", BIGINT, primary_key=True, autoincrement=False),
        sa.Column("entered_at", BIGINT, primary_key=True, autoincrement=False),
        sa.Column("person_id", BIGINT, primary_key=True, autoincrement=False),
        sa.Column("entered_earliest", sa.BigInteger(), nullable=False),
        sa.Column("end_latest", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unsure_stays_person", "unsure_stays", ["person_id", "entered_at"])
    op.create_table(
        "venue_staff",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(64), nullable=True),
    )
    op.create_index("ix_venue_staff_person_id", "venue_staff", ["person_id"])


def _rules() -> None:
    """The rule in force so far becomes the first version; types hand their dwell over to it."""
    table = op.create_table(
        "exposure_rules",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.UniqueConstraint("version"),
    )
    dwell = op.get_bind().execute(sa.text("SELECT code, dwell_min FROM venue_types ORDER BY code"))
    terms = {
        "days_before": 3,
        "days_after": 0,
        "min_overlap_min": 15,
        "linger_min": 0,
        "latency_min": 0,
        "look_back_days": 14,
        "dwell_min": {row.code: row.dwell_min for row in dwell},
    }
    made_at = int(dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp())
    first = {"version": "2026-1", "rule": json.dumps(terms), "made_at": made_at, "made_by": "tram"}
    op.bulk_insert(table, [first])
    op.drop_column("venue_types", "dwell_min")


def _imports() -> None:
    op.create_table(
        "imported_visitors",
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), primary_key=True),
        sa.Column("ref", sa.String(200), nullable=False),
        sa.UniqueConstraint("ref"),
    )
    op.create_table(
        "visit_imports",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("columns", sa.String(500), nullable=False),
        sa.Column("records", BIGINT, nullable=False),
        sa.Column("began_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("digest", "columns"),
    )
