"""The audit log is read by who did something, in which case, and about what."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_log_actor", "audit_log", ["actor", "id"])
    op.create_index("ix_audit_log_case_ref", "audit_log", ["case_ref", "id"])
    op.create_index("ix_audit_log_subject", "audit_log", ["subject", "id"])
