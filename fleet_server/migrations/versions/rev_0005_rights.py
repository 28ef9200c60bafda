"""What people asked about their own data, whose data rests, and which days were let go."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "rights_requests",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id")),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("acknowledge_by", sa.BigInteger(), nullable=False),
        sa.Column("due_by", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger()),
        sa.Column("done_at", sa.BigInteger()),
        sa.Column("done_by", sa.String(64)),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("ix_rights_requests_person_id", "rights_requests", ["person_id"])
    op.create_table(
        "restricted_persons",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("person_id", BIGINT, sa.ForeignKey("persons.id"), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("request_id", BIGINT, sa.ForeignKey("rights_requests.id"), nullable=False),
        sa.Column("lifted_ms", sa.BigInteger()),
    )
    op.create_index("ix_restricted_persons_person_id", "restricted_persons", ["person_id"])
    op.create_table(
        "let_go_days",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("day", BIGINT, nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("upto", BIGINT, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("proof", sa.LargeBinary(32), nullable=False),
        sa.Column("done_ms", sa.BigInteger()),
    )
    op.create_index("ix_let_go_days_day", "let_go_days", ["day"])
    # A row that goes is looked for in each column that may refer to it.
    op.create_index("ix_links_scan_id", "links", ["scan_id"])
    op.create_index("ix_persons_merged_into", "persons", ["merged_into"])
    op.create_index("ix_pseudonyms_own_person_id", "pseudonyms", ["own_person_id"])
