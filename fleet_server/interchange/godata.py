"""Import files for Go.Data: cases, contacts, contacts of contacts, events, relationships.

F0, F1, F2 and milestones are its CASE, CONTACT, CONTACT_OF_CONTACT and EVENT. It imports one kind
at a time, in that order, and relationships last: so each kind is a file. Columns are named by the
model's own property paths; JSON is one array whose first record has every property, since Go.Data
takes the headers from there. Files name people by the references of the case.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from fleet_server.interchange.cells import plain
from fleet_server.interchange.godata_layout import (
    CERTAINTY,
    COLUMNS,
    CONFIRMED,
    GENDER,
    RESIDENCE,
    RISK,
    TYPES,
    duration,
)
from fleet_server.interchange.people import birth, dialled
from fleet_server.interchange.records import (
    CaseRecord,
    ExposureRecord,
    MilestoneRecord,
    PersonRecord,
    Role,
)
from fleet_server.interchange.table_csv import encoded
from fleet_server.interchange.wording import TIERS, window
from fleet_server.times import local

Shape: TypeAlias = Literal["json", "csv"]
Json: TypeAlias = str | bool | Sequence["Json"] | Mapping[str, "Json"] | None


def persons(
    case: CaseRecord, records: Iterable[PersonRecord], *, role: Role, zone: ZoneInfo, shape: Shape
) -> Iterator[bytes]:
    """The file of those with `role`; others are left out. Dates are local days."""
    flat = (_person(case, record, zone) for record in records if record.role == role)
    return _file(COLUMNS[role], flat, shape)


def events(
    case: CaseRecord, records: Iterable[MilestoneRecord], *, zone: ZoneInfo, shape: Shape
) -> Iterator[bytes]:
    """Milestones as events, which keep days only: the times go into the description."""
    return _file(COLUMNS["event"], (_event(case, record, zone) for record in records), shape)


def relationships(
    exposures: Iterable[ExposureRecord],
    milestones: Iterable[MilestoneRecord] = (),
    *,
    zone: ZoneInfo,
    shape: Shape,
) -> Iterator[bytes]:
    """Who was exposed to whom, then who was at which event; the later in the chain is target."""

    def flat() -> Iterator[dict[str, Json]]:
        for record in exposures:
            yield _exposure(record, zone)
        for stay in milestones:
            yield _presence(stay, zone)

    return _file(COLUMNS["relationship"], flat(), shape)


def _person(case: CaseRecord, record: PersonRecord, zone: ZoneInfo) -> dict[str, Json]:
    flat: dict[str, Json] = {
        "id": record.ref,
        "visualId": record.ref,
        "type": TYPES[record.role],
        # Go.Data demands a first name: a reference where no name is known, or may be told.
        "firstName": record.first_name or record.last_name or record.ref,
        "lastName": record.last_name if record.first_name else "",
        "gender": GENDER.get(record.sex, ""),
        "dob": birth(record.birth).date,
        "dateOfReporting": _day(record.reported_at, zone),
        "addresses[].typeId": RESIDENCE,
        "addresses[].addressLine1": record.address,
        "addresses[].locationId": record.commune_code,
        "addresses[].phoneNumber": dialled(record.phone),
    }
    if record.role == "F0":
        flat["classification"] = CONFIRMED
        flat["dateOfOnset"] = _day(case.onset_at, zone)
    else:
        flat["dateOfLastContact"] = _day(record.last_contact_at, zone)
        flat["riskLevel"] = RISK[record.tier]
        flat["riskReason"] = TIERS[record.tier]
    return flat


def _event(case: CaseRecord, record: MilestoneRecord, zone: ZoneInfo) -> dict[str, Json]:
    return {
        "id": record.ref,
        "visualId": record.ref,
        "type": TYPES["event"],
        "name": record.place or record.ref,
        "date": _day(record.start, zone),
        "endDate": _day(record.end, zone),
        "dateApproximate": record.approximate,
        "dateOfReporting": _day(case.opened_at, zone),
        "description": window(record, zone),
        "address.addressLine1": record.address,
        "address.locationId": record.commune_code,
    }


def _exposure(record: ExposureRecord, zone: ZoneInfo) -> dict[str, Json]:
    return {
        **_pair(record.source_ref, TYPES[record.source_role]),
        "persons[1].id": record.target_ref,
        "persons[1].type": TYPES[record.target_role],
        "contactDate": _day(record.last_at, zone),
        "contactDateEstimated": record.tier != "A",
        "certaintyLevelId": CERTAINTY[record.tier],
        "exposureDurationId": duration(record.duration_s),
        "comment": "; ".join((f"{TIERS[record.tier]}, {record.duration_s} s", *record.places)),
    }


def _presence(record: MilestoneRecord, zone: ZoneInfo) -> dict[str, Json]:
    return {
        **_pair(record.person_ref, TYPES[record.person_role]),
        "persons[1].id": record.ref,
        "persons[1].type": TYPES["event"],
        "contactDate": _day(record.start, zone),
        "contactDateEstimated": record.approximate,
        "certaintyLevelId": CERTAINTY["A" if record.confirmed else "B"],
        "exposureDurationId": duration(record.end - record.start),
        "comment": window(record, zone),
    }


def _pair(ref: str, kind: str) -> dict[str, Json]:
    """The source; a place two shared tells neither how they met nor that they belong together."""
    return {
        "persons[0].id": ref,
        "persons[0].type": kind,
        "persons[0].source": True,
        "persons[1].target": True,
        "exposureTypeId": "",
        "clusterId": "",
    }


def _file(
    columns: Sequence[str], records: Iterable[Mapping[str, Json]], shape: Shape
) -> Iterator[bytes]:
    if shape == "csv":
        lines = ([_cell(record.get(name)) for name in columns] for record in records)
        return encoded((columns,), lines)
    return _array(columns, records)


def _array(columns: Sequence[str], records: Iterable[Mapping[str, Json]]) -> Iterator[bytes]:
    """One JSON array, a record to a line; every record has every property, null for none."""
    separator = b"[\n"
    for record in records:
        nested = _nested({name: _value(record.get(name)) for name in columns})
        yield separator + msgspec.json.encode(nested)
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"


def _nested(flat: Mapping[str, Json]) -> dict[str, Json]:
    """`addresses[].x`, `persons[0].x` and `address.x` as the lists and objects they stand for."""
    out: dict[str, Json] = {}
    lists: dict[str, dict[str, dict[str, Json]]] = {}
    objects: dict[str, dict[str, Json]] = {}
    for path, value in flat.items():
        head, dot, name = path.rpartition(".")
        if not dot:
            out[path] = value
        elif head.endswith("]"):
            key, _, at = head.partition("[")
            lists.setdefault(key, {}).setdefault(at, {})[name] = value
        else:
            objects.setdefault(head, {})[name] = value
    return {**out, **{key: [*items.values()] for key, items in lists.items()}, **objects}


def _cell(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else ""


def _value(value: Json) -> Json:
    return plain(value) or None if isinstance(value, str) else value


def _day(at: int | None, zone: ZoneInfo) -> str:
    return "" if at is None else local(at, zone).date().isoformat()
