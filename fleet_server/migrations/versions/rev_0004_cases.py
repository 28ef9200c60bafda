"""Cases, their people, milestones, decisions and frozen results; what the vault finds people by."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("case_events", "frozen_results", "opened_names")
"""What is never changed; it goes with its case."""


def upgrade() -> None:
    with op.batch_alter_table("access_tokens") as tokens:
        tokens.add_column(sa.Column("area_id", BIGINT, nullable=True))
        tokens.create_foreign_key("fk_access_tokens_area_id_areas", "areas", ["area_id"], ["id"])
    _cases()
    _names()
    if op.get_bind().dialect.name == "sqlite":
        for table in KEPT:
            op.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME; END $$"
    )
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("disease", sa.String(64), nullable=False),
        sa.Column("area_id", BIGINT, sa.ForeignKey("areas.id")),
        sa.Column("lab_ref", sa.String(64), nullable=False),
        sa.Column("lab_confirmed_at", sa.BigInteger()),
        sa.Column("lab_confirmed_by", sa.String(64)),
        sa.Column("onset_at", sa.BigInteger()),
        sa.Column("isolated_at", sa.BigInteger()),
        sa.Column("since_at", sa.BigInteger()),
        sa.Column("until_at", sa.BigInteger()),
        sa.Column("rule_version", sa.String(32), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(64), nullable=False),
        sa.Column("closed_at", sa.BigInteger()),
        sa.Column("closed_by", sa.String(64)),
        sa.UniqueConstraint("ref"),
    )
    op.create_table(
        "case_persons",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("ref", sa.String(16), nullable=False),
        sa.Column("role", sa.String(2), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reachable", sa.Boolean()),
        sa.Column("area_id", BIGINT, sa.ForeignKey("areas.id")),
        sa.Column("area_source", sa.String(8), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("added_by", sa.String(64), nullable=False),
        sa.Column("removed_at", sa.BigInteger()),
        sa.UniqueConstraint("case_id", "person_id"),
        sa.UniqueConstraint("case_id", "ref"),
    )
    op.create_index("ix_case_persons_person_id", "case_persons", ["person_id"])
    op.create_table(
        "case_exposures",
        sa.Column("contact_id", BIGINT, sa.ForeignKey("case_persons.id"), primary_key=True),
        sa.Column("index_id", BIGINT, sa.ForeignKey("case_persons.id"), primary_key=True),
        sa.Column("tier", sa.String(1), nullable=False),
        sa.Column("certain_s", sa.Integer(), nullable=False),
        sa.Column("expected_s", sa.Integer(), nullable=False),
        sa.Column("possible_s", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
    )
    op.create_index("ix_case_exposures_index_id", "case_exposures", ["index_id"])
    op.create_table(
        "milestones",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("index_id", BIGINT, sa.ForeignKey("case_persons.id"), nullable=False),
        sa.Column("venue_id", BIGINT, sa.ForeignKey("venues.id")),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("start_earliest", sa.BigInteger(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("start_latest", sa.BigInteger(), nullable=False),
        sa.Column("end_earliest", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("end_latest", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("replaces_id", BIGINT, sa.ForeignKey("milestones.id")),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("decided_at", sa.BigInteger()),
        sa.Column("decided_by", sa.String(64)),
    )
    op.create_index("ix_milestones_case", "milestones", ["case_id", "start_at"])
    op.create_table(
        "case_events",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("person_id", BIGINT, sa.ForeignKey("case_persons.id")),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("words", sa.String(1000), nullable=False),
    )
    op.create_index("ix_case_events_case", "case_events", ["case_id", "id"])
    op.create_index("ix_case_events_person_id", "case_events", ["person_id"])
    op.create_table(
        "frozen_results",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(64), nullable=False),
        sa.Column("decision", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
    )
    op.create_index("ix_frozen_results_case", "frozen_results", ["case_id", "id"])
    op.create_table(
        "case_looks",
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("seen_by", sa.String(64), primary_key=True),
        sa.Column("frozen_id", BIGINT, sa.ForeignKey("frozen_results.id"), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
    )


def _names() -> None:
    op.create_table(
        "name_openings",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(200), nullable=False),
        sa.Column("persons", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("decided_by", sa.String(64)),
        sa.Column("review_until_ms", sa.BigInteger()),
        sa.Column("verdict", sa.String(500), nullable=False),
    )
    op.create_index("ix_name_openings_case_id", "name_openings", ["case_id"])
    op.create_table(
        "opened_names",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("case_id", BIGINT, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
    )
    op.create_index("ix_opened_names_actor", "opened_names", ["actor", "at_ms"])
    op.create_index("ix_opened_names_person_id", "opened_names", ["person_id"])
    op.create_table(
        "sealed_numbers",
        sa.Column("digest", sa.LargeBinary(16), primary_key=True),
        sa.Column("pseudonym_id", BIGINT, sa.ForeignKey("pseudonyms.id"), primary_key=True),
        sa.Column("space", sa.String(32), nullable=False),
    )
    op.create_index("ix_sealed_numbers_pseudonym_id", "sealed_numbers", ["pseudonym_id"])
    op.create_table(
        "vault_marks",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("upto", BIGINT, nullable=False),
    )
