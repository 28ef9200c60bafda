"""The first tables, what they refuse, and the venue types everyone starts with."""

import sqlalchemy as sa
from alembic import op

from fleet_server.migrations import guards_0001

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VENUE_TYPES = (
    ("shop", "Cửa hàng", "Shop", 30),
    ("market", "Chợ", "Market", 60),
    ("restaurant", "Quán ăn, nhà hàng", "Restaurant", 90),
    ("office", "Cơ quan, văn phòng", "Office", 540),
    ("hospital", "Bệnh viện, cơ sở y tế", "Hospital", 120),
    ("worship", "Cơ sở tôn giáo", "Place of worship", 120),
    ("school", "Trường học", "School", 540),
    ("other", "Khác", "Other", 60),
)
"""Code, Vietnamese name, English name, minutes assumed where no exit was measured."""


def upgrade() -> None:
    _places()
    _fleet()
    _people()
    _scans()
    _visits()
    _access()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in guards_0001.SQLITE if sqlite else guards_0001.POSTGRESQL:
        op.execute(statement)
    columns = ("code", "name_vi", "name_en", "dwell_min")
    table = sa.table("venue_types", *(sa.column(name) for name in columns))
    op.bulk_insert(table, [dict(zip(columns, row, strict=True)) for row in VENUE_TYPES])


def _places() -> None:
    op.create_table(
        "areas",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("parent_id", BIGINT, sa.ForeignKey("areas.id"), nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("successor_id", BIGINT, sa.ForeignKey("areas.id"), nullable=True),
        sa.UniqueConstraint("code", "valid_from"),
    )
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"])
    op.create_table(
        "venue_types",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("name_vi", sa.String(100), nullable=False),
        sa.Column("name_en", sa.String(100), nullable=False),
        sa.Column("dwell_min", sa.Integer(), nullable=False),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "venues",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("type_id", BIGINT, sa.ForeignKey("venue_types.id"), nullable=False),
        sa.Column("area_id", BIGINT, sa.ForeignKey("areas.id"), nullable=True),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("dwell_min", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("ref"),
    )
    op.create_index("ix_venues_area_id", "venues", ["area_id"])
    op.create_table(
        "opening_hours",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens_min", sa.Integer(), nullable=False),
        sa.Column("closes_min", sa.Integer(), nullable=False),
    )
    op.create_index("ix_opening_hours_venue", "opening_hours", ["venue_id", "weekday"])
    op.create_table(
        "gates",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.UniqueConstraint("venue_id", "ref"),
    )
    op.create_table(
        "rooms",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.UniqueConstraint("venue_id", "ref"),
    )


def _fleet() -> None:
    op.create_table(
        "kiosks",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("ref", sa.String(48), nullable=False),
        sa.Column("certificate", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("ref"),
    )
    op.create_table(
        "postings",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("gate_id", BIGINT, sa.ForeignKey("gates.id"), nullable=True),
        sa.Column("room_id", BIGINT, sa.ForeignKey("rooms.id"), nullable=True),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_postings_kiosk", "postings", ["kiosk_id", "valid_from"])
    op.create_index("ix_postings_venue_id", "postings", ["venue_id"])
    op.create_table(
        "presence",
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), primary_key=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.LargeBinary(), nullable=True),
        sa.Column("health", sa.LargeBinary(), nullable=True),
    )


def _people() -> None:
    op.create_table(
        "persons",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", BIGINT, sa.ForeignKey("persons.id"), nullable=True),
    )
    op.create_table(
        "pseudonyms",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("space", sa.String(32), nullable=False),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("own_person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_pseudonyms_person_id", "pseudonyms", ["person_id"])
    op.create_table(
        "credentials",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("pseudonym_id", BIGINT, sa.ForeignKey("pseudonyms.id"), nullable=False),
        sa.Column("authentic", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("kind", "pseudonym_id"),
    )
    op.create_index("ix_credentials_pseudonym_id", "credentials", ["pseudonym_id"])
    op.create_table(
        "card_identities",
        sa.Column("credential_id", BIGINT, sa.ForeignKey("credentials.id"), primary_key=True),
        sa.Column("sealing", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
    )


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.Column("counter", BIGINT, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("gate_id", BIGINT, sa.ForeignKey("gates.id"), nullable=True),
        sa.Column("room_id", BIGINT, sa.ForeignKey("rooms.id"), nullable=True),
        sa.Column("direction", sa.String(32), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("corrected_ms", sa.BigInteger(), nullable=False),
        sa.Column("earliest_ms", sa.BigInteger(), nullable=False),
        sa.Column("latest_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("mono_ms", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("credential_id", BIGINT, sa.ForeignKey("credentials.id"), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.UniqueConstraint("kiosk_id", "epoch", "counter"),
    )
    op.create_index("ix_scans_credential_id", "scans", ["credential_id"])
    op.create_index("ix_scans_received", "scans", ["received_ms"])
    op.create_index("ix_scans_venue", "scans", ["venue_id", "corrected_ms"])
    op.create_table(
        "scan_keys",
        sa.Column("scan_id", BIGINT, sa.ForeignKey("scans.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("pseudonym_id", BIGINT, sa.ForeignKey("pseudonyms.id"), nullable=False),
    )
    op.create_index("ix_scan_keys_pseudonym", "scan_keys", ["pseudonym_id", "scan_id"])
    op.create_table(
        "scan_identities",
        sa.Column("scan_id", BIGINT, sa.ForeignKey("scans.id"), primary_key=True),
        sa.Column("sealing", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=False),
        sa.Column("binding", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "links",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("first_id", BIGINT, sa.ForeignKey("pseudonyms.id"), nullable=False),
        sa.Column("second_id", BIGINT, sa.ForeignKey("pseudonyms.id"), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("scan_id", BIGINT, sa.ForeignKey("scans.id"), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(64), nullable=True),
        sa.Column("undone_reason", sa.String(200), nullable=True),
    )
    op.create_index("ix_links_first_id", "links", ["first_id"])
    op.create_index("ix_links_second_id", "links", ["second_id"])
    op.create_table(
        "refused_records",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("source", sa.String(128), nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.Column("counter", BIGINT, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.UniqueConstraint("source", "epoch", "counter", "digest"),
    )
    op.create_table(
        "alarms",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), nullable=True),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("cleared_ms", sa.BigInteger(), nullable=True),
    )


def _visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("room_id", BIGINT, sa.ForeignKey("rooms.id"), nullable=True),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.Column("entered_earliest", sa.BigInteger(), nullable=False),
        sa.Column("entered_latest", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("end_source", sa.String(16), nullable=False),
        sa.Column("end_earliest", sa.BigInteger(), nullable=False),
        sa.Column("end_latest", sa.BigInteger(), nullable=False),
        sa.Column("entry_scan_id", BIGINT, sa.ForeignKey("scans.id"), nullable=False),
        sa.Column("exit_scan_id", BIGINT, sa.ForeignKey("scans.id"), nullable=True),
        sa.Column("authentic", sa.Boolean(), nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("venue_id", "entered_at", "person_id"),
    )
    op.create_index("ix_visits_person", "visits", ["person_id", "entered_at"])
    uncertain = sa.text("entered_earliest < entered_at")
    op.create_index(
        "ix_visits_uncertain",
        "visits",
        ["venue_id", "entered_earliest"],
        sqlite_where=uncertain,
        postgresql_where=uncertain,
    )
    op.create_table(
        "orphan_exits",
        sa.Column("scan_id", BIGINT, sa.ForeignKey("scans.id"), primary_key=True),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_orphan_exits_person_id", "orphan_exits", ["person_id"])
    op.create_table(
        "stale_visits",
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), primary_key=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
    )


def _access() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", BIGINT, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("case_ref", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
