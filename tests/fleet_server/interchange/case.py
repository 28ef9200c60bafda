"""One small case: an index person, two contacts, a contact of a contact, two places."""

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from fleet_server.interchange.records import (
    CaseRecord,
    ExposureRecord,
    MilestoneRecord,
    PersonRecord,
)

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
AT = 1_767_576_600  # 2026-01-05 08:30 in Vietnam
LATE = AT + 16 * 3_600  # half past midnight the day after, there; the same day in UTC
CASE = CaseRecord(ref="c-1", onset_at=AT - 86_400, opened_at=LATE, area_code="01")
INDEX = PersonRecord(
    ref="p-0",
    role="F0",
    first_name="Thử",
    last_name="Nguyễn Văn",
    sex="male",
    birth="1990-02-03",
    phone="+84 900 000 000",
    address="Số 1, đường Thử",
    commune_code="00001",
    reported_at=LATE,
)
NEAR = PersonRecord(
    ref="p-1",
    role="F1",
    first_name="Mẫu",
    last_name="Trần Thị",
    sex="female",
    birth="1985",
    phone="0900000001",
    commune_code="00002",
    reported_at=LATE,
    last_contact_at=LATE,
    tier="A",
)
UNNAMED = PersonRecord(ref="p-2", role="F1", reported_at=LATE, last_contact_at=AT, tier="C")
FAR = PersonRecord(
    ref="p-3", role="F2", first_name="Xa", reported_at=LATE, last_contact_at=AT, tier="B"
)
PEOPLE = (INDEX, NEAR, UNNAMED, FAR)
EXPOSURES = (
    ExposureRecord(
        source_ref="p-0",
        target_ref="p-1",
        tier="A",
        first_at=AT,
        last_at=LATE,
        duration_s=1_800,
        places=("Chợ Thử", "=Quán"),
    ),
    ExposureRecord(
        source_ref="p-0", target_ref="p-2", tier="C", first_at=AT, last_at=AT + 60, duration_s=59
    ),
    ExposureRecord(
        source_ref="p-1",
        source_role="F1",
        target_ref="p-3",
        target_role="F2",
        tier="B",
        first_at=AT,
        last_at=AT + 9_000,
        duration_s=9_000,
    ),
)
MARKET = MilestoneRecord(
    ref="m-1",
    person_ref="p-0",
    place="Chợ Thử",
    address="Số 2, đường Thử",
    commune_code="00001",
    start=AT,
    end=AT + 3_600,
    end_earliest=AT,
    end_latest=AT + 7_200,
)
NIGHT = MilestoneRecord(
    ref="m-2",
    person_ref="p-0",
    place="Quán Thử",
    start=AT,
    end=LATE,
    confirmed=True,
    notes="Đã gọi",
)
MILESTONES = (MARKET, NIGHT)


def lines(pieces: Iterable[bytes]) -> list[list[str]]:
    """A CSV file read again."""
    text = b"".join(pieces).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def named(pieces: Iterable[bytes], headers: int = 1) -> list[dict[str, str]]:
    """Its rows by the last of its header rows."""
    read = lines(pieces)
    return [dict(zip(read[headers - 1], row, strict=True)) for row in read[headers:]]
