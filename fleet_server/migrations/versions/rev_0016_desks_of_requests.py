"""A request stays with the area it was asked in, also when the clerk works elsewhere."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # In words both engines have: others refer to the table, so it is not made anew.
    op.execute(
        f"ALTER TABLE rights_requests ADD COLUMN area_id {number}"
        " CONSTRAINT fk_rights_requests_area_id_areas REFERENCES areas (id)"
    )
    op.execute(
        "UPDATE rights_requests SET area_id ="
        " (SELECT area_id FROM accounts WHERE login = rights_requests.asked_by)"
    )
