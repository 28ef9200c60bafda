"""Import files for SORMAS: contacts of a case, events, and the participants of one event.

Two header rows: the class each column belongs to, then its property path. Releases before the class
row take `class_row=False`. SORMAS reads dates in the language of whoever imports, looks regions and
districts up by name, and unescapes backslashes: what would trip it is put right here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.interchange.cells import plain
from fleet_server.interchange.people import birth, dialled
from fleet_server.interchange.records import (
    CaseRecord,
    MilestoneRecord,
    PersonRecord,
)
from fleet_server.interchange.table_csv import encoded
from fleet_server.interchange.wording import TIERS, window
from fleet_server.times import local

PSEUDO_DISTRICT: Final = "Không phân huyện"
"""SORMAS demands a district and Vietnam has none since July 2025: one of this name to a region."""
ENGLISH_DATE: Final = "%m/%d/%Y"
"""How SORMAS in English reads a date."""
APP: Final = "Trạm"
LIMITS: Final[Mapping[str, int]] = {
    "person.firstName": 500,
    "person.lastName": 500,
    "eventTitle": 500,
    "eventDesc": 4_000,
}
"""Characters, a little below SORMAS's own, so that an apostrophe fits in front."""
MAX_TEXT: Final = 250
"""Of any other text; SORMAS refuses a row with a longer one."""
SEX: Final[Mapping[str, str]] = {"male": "MALE", "female": "FEMALE"}
DISEASES: Final[Mapping[str, str]] = {
    "COVID-19": "CORONAVIRUS",
    "COVID19": "CORONAVIRUS",
    "SARS-CoV-2": "CORONAVIRUS",
}
"""SORMAS's name of a disease; any other is `OTHER`, with the authority's words as details."""

CONTACT: Final = (
    "caseIdExternalSystem",
    "caseOrEventInformation",
    "disease",
    "diseaseDetails",
    "reportDateTime",
    "region",
    "district",
    "community",
    "firstContactDate",
    "lastContactDate",
    "multiDayContact",
    "contactIdentificationSource",
    "tracingApp",
    "tracingAppDetails",
    "contactProximity",
    "contactClassification",
    "description",
    "externalID",
    "person.firstName",
    "person.lastName",
    "person.sex",
    "person.birthdateDD",
    "person.birthdateMM",
    "person.birthdateYYYY",
    "person.phone",
    "person.address.region",
    "person.address.district",
    "person.address.community",
    "person.address.street",
)
EVENT: Final = (
    "eventStatus",
    "externalId",
    "eventTitle",
    "eventDesc",
    "startDate",
    "endDate",
    "typeOfPlace",
    "typeOfPlaceText",
    "eventLocation.region",
    "eventLocation.district",
    "eventLocation.community",
    "eventLocation.street",
    "disease",
    "diseaseDetails",
)
PARTICIPANT: Final = (
    "region",
    "district",
    "involvementDescription",
    "person.firstName",
    "person.lastName",
    "person.sex",
    "person.birthdateDD",
    "person.birthdateMM",
    "person.birthdateYYYY",
    "person.phone",
)


class Area(NamedTuple):
    """Where SORMAS files the case; names as its administrator entered them."""

    region: str
    district: str = PSEUDO_DISTRICT
    communities: Mapping[str, str] = {}
    """Names by commune code; a code that is not there leaves the community empty."""


class Contact(NamedTuple):
    """One person to import, with when the contacts began."""

    person: PersonRecord
    first_contact_at: int | None = None


def contacts(
    case: CaseRecord,
    records: Iterable[Contact],
    *,
    area: Area,
    zone: ZoneInfo,
    date: str = ENGLISH_DATE,
    class_row: bool = True,
) -> Iterator[bytes]:
    """The contacts' file. A contact whose case SORMAS does not know stays without one there."""
    lines = (_contact(case, record, area, zone, date) for record in records)
    return _file(CONTACT, ["Contact"] * len(CONTACT), lines, class_row=class_row)


def events(
    case: CaseRecord,
    records: Iterable[MilestoneRecord],
    *,
    area: Area,
    zone: ZoneInfo,
    date: str = ENGLISH_DATE,
    class_row: bool = True,
) -> Iterator[bytes]:
    """The events' file: a milestone each, confirmed ones as EVENT and others as SIGNAL."""
    classes = ["Location" if name.startswith("eventLocation.") else "Event" for name in EVENT]
    lines = (_event(case, record, area, zone, date) for record in records)
    return _file(EVENT, classes, lines, class_row=class_row)


def participants(
    records: Iterable[PersonRecord], *, area: Area, class_row: bool = True
) -> Iterator[bytes]:
    """The participants of one event, imported from that event's page."""
    lines = (_participant(record, area) for record in records)
    return _file(PARTICIPANT, ["EventParticipant"] * len(PARTICIPANT), lines, class_row=class_row)


def _contact(
    case: CaseRecord, record: Contact, area: Area, zone: ZoneInfo, date: str
) -> dict[str, str]:
    person = record.person
    first = _day(record.first_contact_at, zone, date)
    last = _day(person.last_contact_at, zone, date)
    community = area.communities.get(person.commune_code, "")
    several = bool(first) and first != last
    return {
        "caseIdExternalSystem": case.ref,
        "caseOrEventInformation": f"{person.role} · {case.ref}",
        **_disease(case),
        "reportDateTime": _day(person.reported_at, zone, date),
        "region": area.region,
        "district": area.district,
        "community": community,
        # Only a contact of several days has a first day there.
        "firstContactDate": first if several else "",
        "lastContactDate": last,
        "multiDayContact": "true" if several else "false",
        "contactIdentificationSource": "TRACING_APP",
        "tracingApp": "OTHER",
        "tracingAppDetails": APP,
        # A kiosk at a door cannot see two metres, so how near they came stays open.
        "contactProximity": "",
        "contactClassification": "UNCONFIRMED",
        "description": TIERS[person.tier],
        "externalID": person.ref,
        **_person(person),
        "person.address.region": area.region,
        "person.address.district": area.district,
        "person.address.community": community,
        "person.address.street": person.address,
    }


def _event(
    case: CaseRecord, record: MilestoneRecord, area: Area, zone: ZoneInfo, date: str
) -> dict[str, str]:
    start, end = _day(record.start, zone, date), _day(record.end, zone, date)
    return {
        "eventStatus": "EVENT" if record.confirmed else "SIGNAL",
        "externalId": record.ref,
        "eventTitle": record.place or record.ref,
        "eventDesc": f"{record.person_ref}: {window(record, zone)}",
        "startDate": start,
        # An end makes an event of several days of it.
        "endDate": end if end != start else "",
        "typeOfPlace": "OTHER",
        "typeOfPlaceText": record.place,
        "eventLocation.region": area.region,
        "eventLocation.district": area.district,
        "eventLocation.community": area.communities.get(record.commune_code, ""),
        "eventLocation.street": record.address,
        **_disease(case),
    }


def _participant(record: PersonRecord, area: Area) -> dict[str, str]:
    said = f"{record.role} {record.ref}"
    tier = TIERS[record.tier]
    return {
        "region": area.region,
        "district": area.district,
        "involvementDescription": f"{said}, {tier}" if tier else said,
        **_person(record),
    }


def _person(record: PersonRecord) -> dict[str, str]:
    born = birth(record.birth)
    return {
        # Both names are mandatory: the reference stands in for what is not known, or not told.
        "person.firstName": record.first_name or record.ref,
        "person.lastName": record.last_name or record.ref,
        "person.sex": SEX.get(record.sex, "UNKNOWN"),
        "person.birthdateDD": "" if born.day is None else str(born.day),
        "person.birthdateMM": "" if born.month is None else str(born.month),
        "person.birthdateYYYY": "" if born.year is None else str(born.year),
        "person.phone": dialled(record.phone),
    }


def _disease(case: CaseRecord) -> dict[str, str]:
    known = DISEASES.get(case.disease)
    return {"disease": known or "OTHER", "diseaseDetails": "" if known else case.disease}


def _file(
    columns: Sequence[str],
    classes: Sequence[str],
    records: Iterable[Mapping[str, str]],
    *,
    class_row: bool,
) -> Iterator[bytes]:
    headers = (classes, columns) if class_row else (columns,)
    lines = ([_cell(name, record[name]) for name in columns] for record in records)
    return encoded(headers, ([_told(line[0]), *line[1:]] for line in lines))


def _cell(name: str, text: str) -> str:
    """SORMAS's reader takes a backslash for an escape, which can swallow the end of a cell."""
    return plain(text).replace("\\", "/").strip()[: LIMITS.get(name, MAX_TEXT)]


def _told(first: str) -> str:
    """A line that begins with two number signs is a comment to SORMAS."""
    return first.lstrip("#")


def _day(at: int | None, zone: ZoneInfo, date: str) -> str:
    return "" if at is None else local(at, zone).strftime(date)
