"""Who came along with a scan without a code of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SQLITE = """CREATE TRIGGER companions_no_update BEFORE UPDATE ON companions
    BEGIN SELECT RAISE(ABORT, 'a stored scan is never changed'); END"""
POSTGRESQL = """CREATE TRIGGER companions_immutable BEFORE UPDATE ON companions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_scan_change()"""


def upgrade() -> None:
    op.create_table(
        "companions",
        sa.Column("id", BIGINT, primary_key=True),
        sa.Column("kiosk_id", BIGINT, sa.ForeignKey("kiosks.id"), nullable=False),
        sa.Column("epoch", sa.String(32), nullable=False),
        sa.Column("counter", BIGINT, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("of_counter", BIGINT, nullable=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("corrected_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("kiosk_id", "epoch", "counter"),
    )
    op.create_index("ix_companions_scan", "companions", ["kiosk_id", "epoch", "of_counter"])
    op.create_index("ix_companions_received", "companions", ["received_ms"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(SQLITE if sqlite else POSTGRESQL)
