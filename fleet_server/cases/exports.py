"""What leaves a case as files: lists, milestones, and imports for other systems. On record before
anybody has them; people under references that mean nothing outside the case.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import select

from fleet_server.cases.acting import BadWords
from fleet_server.cases.contacts import CaseContact, Event, Filter
from fleet_server.cases.desk import CaseDesk, CaseSeen
from fleet_server.cases.names import Named
from fleet_server.cases.results import Evaluation
from fleet_server.cases.states import WORDS
from fleet_server.errors import NotKnown, Refused
from fleet_server.interchange import godata, people, sormas, table_csv, table_xlsx, tables
from fleet_server.interchange.godata import Shape
from fleet_server.interchange.records import (
    CaseRecord,
    ExposureRecord,
    MilestoneRecord,
    PersonRecord,
    Role,
)
from fleet_server.interchange.tables import Row, Table
from fleet_server.models import Area, Venue
from fleet_server.times import iso, parse
from wire.records import IdentityPart

KINDS: Final = ("contacts", "call-list", "milestones", "exposures", "godata", "sormas")
NAMED: Final = frozenset({"call-list", "godata", "sormas"})
"""Kinds that carry names, which are opened for them."""
SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("contacts", "call-list", "milestones", "exposures"), ("xlsx", "csv")),
    "godata": ("json", "csv"),
    "sormas": ("csv",),
}
"""The shapes of each kind, the usual first."""
PRIVATE: Final = 0o600
_UTC: Final = ZoneInfo("UTC")
_REACHABLE: Final = {None: "", True: "có / yes", False: "không / no"}
_STATES: Final = {"proposed": "đề xuất / proposed", "confirmed": "đã xác nhận / confirmed"}


class Written(NamedTuple):
    """One file, on record."""

    path: Path
    rows: int
    sha256: str


class Wanted(NamedTuple):
    """What is to be exported."""

    kind: str
    shape: str = ""
    """Empty: the kind's usual one."""
    which: Filter = Filter()
    by_commune: bool = False
    """Call lists: a file for each commune."""
    purpose: str = ""
    opening: int | None = None
    """Approved request for the names, where one is needed."""


class _Source(NamedTuple):
    """All that exports of a case are made from."""

    desk: CaseDesk
    case: CaseSeen
    evaluation: Evaluation | None
    contacts: list[CaseContact]
    named: Mapping[str, Named]
    notes: Mapping[str, str]
    areas: Mapping[str, str]
    """Names of areas by code."""
    venues: Mapping[str, str]
    """Codes of the venues' areas, by their reference."""

    @property
    def record(self) -> CaseRecord:
        onset = self.case.onset
        return CaseRecord(
            ref=self.case.ref,
            onset_at=None if onset is None else parse(onset, _UTC),
            opened_at=parse(self.case.opened_at, _UTC),
            disease=self.case.disease,
            area_code=self.case.area or "",
        )

    def about(self) -> Iterator[tuple[str, str]]:
        """What a table answers, and what it cannot know."""
        yield "Ca / Case", self.case.ref
        yield "Xuất bởi / exported by", f"{self.desk.actor.name}, {iso(self.desk.now_ms // 1000)}"
        found = self.evaluation
        if found is None:
            return
        yield "Tính đến / as of", found.as_of
        yield "Quy tắc / rule", f"{found.rule.version}, {found.rule.min_overlap_s // 60} min"
        yield "Khoảng thời gian / window", f"{found.since} – {found.until}"
        for gap in found.gaps:
            yield "Khoảng trống / gap", f"{gap.vi} / {gap.en}"


def export(desk: CaseDesk, ref: str, wanted: Wanted, folder: Path) -> list[Written]:
    """Writes the files into `folder`, none of which may be there. Raises BadWords, NotPermitted,
    Refused.
    """
    shape = wanted.shape or SHAPES[wanted.kind][0]
    if shape not in SHAPES[wanted.kind]:
        raise BadWords(
            f"{wanted.kind}: expected {' or '.join(SHAPES[wanted.kind])}, not {shape[:20]!r}"
        )
    if wanted.by_commune and wanted.kind != "call-list":
        raise BadWords(f"{wanted.kind}: only call lists are written by commune")
    source = _source(desk, ref, wanted)
    return [
        _write(desk, ref, folder / name, write) for name, write in _files(source, wanted, shape)
    ]


def _source(desk: CaseDesk, ref: str, wanted: Wanted) -> _Source:
    case = desk.show(ref)
    contacts = desk.contacts(ref, wanted.which)
    people_of = [each.ref for each in contacts]
    if wanted.kind in ("godata", "sormas"):
        people_of = [each.ref for each in case.index] + people_of
    named: list[Named] = []
    if wanted.kind in NAMED and people_of:
        # Before anything is written: the vault may say no.
        named = desk.open_names(ref, people_of, wanted.purpose, wanted.opening)
        contacts = desk.contacts(ref, wanted.which)
    evaluation = None
    if case.evaluated is not None:
        content = desk.result(ref, case.evaluated, None).content
        evaluation = msgspec.convert(content, Evaluation)
    with desk.engine.connect() as connection:
        areas = connection.execute(select(Area.code, Area.name)).all()
        venues = connection.execute(
            select(Venue.ref, Area.code).join(Area, Area.id == Venue.area_id)
        ).all()
    return _Source(
        desk,
        case,
        evaluation,
        contacts,
        {each.ref: each for each in named},
        _notes(desk.events(ref)),
        {row.code: row.name for row in areas},
        {row.ref: row.code for row in venues},
    )


_Write = Callable[[Path], int]


def _files(source: _Source, wanted: Wanted, shape: str) -> Iterator[tuple[str, _Write]]:
    """Names of the files, and what writes each."""
    stem = file_stem(source.case.ref)
    kind = wanted.kind
    if kind == "godata":
        yield from _godata(source, stem, shape)
    elif kind == "sormas":
        yield from _sormas(source, stem)
    elif wanted.by_commune:
        communes: dict[str, list[CaseContact]] = {}
        for contact in source.contacts:
            communes.setdefault(contact.area or "chua-ro", []).append(contact)
        for code, there in sorted(communes.items()):
            rows: list[Row] = [_call(source, contact) for contact in there]
            yield f"{stem}-{kind}-{code}.{shape}", _table(source, tables.CALL_LIST, rows, shape)
    else:
        table, listed = _ROWS[kind](source)
        yield f"{stem}-{kind}.{shape}", _table(source, table, listed, shape)


def _table(source: _Source, table: Table, rows: Sequence[Row], shape: str) -> _Write:
    zone = source.desk.zone

    def write(path: Path) -> int:
        with path.open("wb") as out:
            if shape == "xlsx":
                return table_xlsx.write(out, table, rows, zone=zone, about=source.about())
            out.writelines(table_csv.written(table, rows, zone=zone))
        return len(rows)

    return write


def _stream(rows: int, pieces: Callable[[], Iterable[bytes]]) -> _Write:
    def write(path: Path) -> int:
        with path.open("wb") as out:
            out.writelines(pieces())
        return rows

    return write


def _godata(source: _Source, stem: str, given: str) -> Iterator[tuple[str, _Write]]:
    shape: Shape = "json" if given == "json" else "csv"
    zone, case = source.desk.zone, source.record
    persons = _persons(source)
    roles: tuple[tuple[Role, str], ...] = (
        ("F0", "cases"),
        ("F1", "contacts"),
        ("F2", "contacts-of-contacts"),
    )
    for role, name in roles:
        mine = [each for each in persons if each.role == role]
        if mine:

            def pieces(mine: list[PersonRecord] = mine, role: Role = role) -> Iterable[bytes]:
                return godata.persons(case, mine, role=role, zone=zone, shape=shape)

            yield f"{stem}-godata-{name}.{shape}", _stream(len(mine), pieces)
    stays, exposures = _stays(source), _exposures(source)
    yield (
        f"{stem}-godata-events.{shape}",
        _stream(len(stays), lambda: godata.events(case, stays, zone=zone, shape=shape)),
    )
    yield (
        f"{stem}-godata-relationships.{shape}",
        _stream(
            len(exposures) + len(stays),
            lambda: godata.relationships(exposures, stays, zone=zone, shape=shape),
        ),
    )


def _sormas(source: _Source, stem: str) -> Iterator[tuple[str, _Write]]:
    zone, case = source.desk.zone, source.record
    area = sormas.Area(
        region=source.areas.get(case.area_code, case.area_code), communities=source.areas
    )
    first = {each.ref: each.first for each in source.contacts}
    contacts = [
        sormas.Contact(person, _seconds(first.get(person.ref)))
        for person in _persons(source)
        if person.role == "F1"
    ]
    stays = _stays(source)
    yield (
        f"{stem}-sormas-contacts.csv",
        _stream(len(contacts), lambda: sormas.contacts(case, contacts, area=area, zone=zone)),
    )
    yield (
        f"{stem}-sormas-events.csv",
        _stream(len(stays), lambda: sormas.events(case, stays, area=area, zone=zone)),
    )


def _contacts(source: _Source) -> tuple[Table, list[Row]]:
    return tables.CONTACTS, [_contact(source, each) for each in source.contacts]


def _calls(source: _Source) -> tuple[Table, list[Row]]:
    return tables.CALL_LIST, [_call(source, each) for each in source.contacts]


def _milestones(source: _Source) -> tuple[Table, list[Row]]:
    rows: list[Row] = []
    for number, each in enumerate(source.desk.milestones(source.case.ref), 1):
        code = source.venues.get(each.venue, "")
        rows.append(
            {
                "no": number,
                "person": each.person,
                "place": each.place,
                "commune": source.areas.get(code, ""),
                "start": _seconds(each.start),
                "start_earliest": _seconds(each.start_earliest),
                "start_latest": _seconds(each.start_latest),
                "end": _seconds(each.end),
                "end_earliest": _seconds(each.end_earliest),
                "end_latest": _seconds(each.end_latest),
                "source": "quét mã / scans" if each.source == "scans" else "phỏng vấn / interview",
                "state": _STATES.get(each.state, each.state),
                "notes": each.note,
            }
        )
    return tables.MILESTONES, rows


def _exposure_rows(source: _Source) -> tuple[Table, list[Row]]:
    rows: list[Row] = [
        {
            "contact": each.target_ref,
            "index": each.source_ref,
            "tier": each.tier,
            "seconds": each.duration_s,
            "first": each.first_at,
            "places": ", ".join(each.places),
        }
        for each in _exposures(source)
    ]
    return tables.EXPOSURES, rows


_ROWS: Final[Mapping[str, Callable[[_Source], tuple[Table, list[Row]]]]] = {
    "contacts": _contacts,
    "call-list": _calls,
    "milestones": _milestones,
    "exposures": _exposure_rows,
}


def _contact(source: _Source, contact: CaseContact) -> dict[str, Any]:
    return {
        "ref": contact.ref,
        "tier": contact.tier,
        "state": " / ".join(WORDS[contact.state]),
        "reachable": _REACHABLE[contact.reachable],
        "first": _seconds(contact.first),
        "certain": contact.certain_s,
        "expected": contact.expected_s,
        "possible": contact.possible_s,
        "places": ", ".join(contact.places),
        "notes": source.notes.get(contact.ref, ""),
    }


def _call(source: _Source, contact: CaseContact) -> dict[str, Any]:
    named = source.named.get(contact.ref)
    part = IdentityPart() if named is None else named.part
    who = {name: getattr(part, name) for name in ("name", "phone", "birth", "sex", "address")}
    return _contact(source, contact) | who | {"commune": contact.area_name}


def _persons(source: _Source) -> list[PersonRecord]:
    reported = source.desk.now_ms // 1000
    roles: list[tuple[str, Role, CaseContact | None]] = [
        (each.ref, "F0", None) for each in source.case.index
    ]
    roles += [(each.ref, "F1" if each.role == "F1" else "F2", each) for each in source.contacts]
    last = _last_met(source.evaluation)
    out = []
    for ref, role, contact in roles:
        named = source.named.get(ref)
        part = IdentityPart() if named is None else named.part
        first_name, last_name = people.split(part.name)
        out.append(
            PersonRecord(
                ref=ref,
                role=role,
                first_name=first_name,
                last_name=last_name,
                sex=part.sex,
                birth=part.birth,
                phone=part.phone,
                address=part.address,
                commune_code="" if contact is None else contact.area or "",
                reported_at=reported,
                last_contact_at=last.get(ref),
                tier="" if contact is None else contact.tier,  # type: ignore[arg-type]
            )
        )
    return out


def _exposures(source: _Source) -> list[ExposureRecord]:
    """As the last kept evaluation has them, of the contacts that are exported."""
    wanted = {each.ref for each in source.contacts}
    roles: dict[str, Role] = {each.ref: "F0" for each in source.case.index}
    found = [] if source.evaluation is None else source.evaluation.contacts
    roles |= {each.ref: "F1" if each.role == "F1" else "F2" for each in found}
    last = _last_met(source.evaluation)
    return [
        ExposureRecord(
            source_ref=each.index,
            source_role=roles.get(each.index, "F1"),
            target_ref=contact.ref,
            target_role=roles[contact.ref],
            tier=each.tier,
            first_at=parse(each.first, _UTC),
            last_at=last.get(contact.ref, parse(each.first, _UTC)),
            duration_s=each.expected_s,
            places=tuple(each.places),
        )
        for contact in found
        if contact.ref in wanted
        for each in contact.exposures
    ]


def _last_met(evaluation: Evaluation | None) -> dict[str, int]:
    """When each contact was exposed last, at the latest; at the first place where no more is
    known.
    """
    found: dict[str, int] = {}
    for contact in [] if evaluation is None else evaluation.contacts:
        ends = [parse(meeting.end, _UTC) for each in contact.exposures for meeting in each.meetings]
        ends += [parse(each.first, _UTC) for each in contact.exposures]
        if ends:
            found[contact.ref] = max(ends)
    return found


def _stays(source: _Source) -> list[MilestoneRecord]:
    """Milestones that stand, under the case's reference and their number."""
    return [
        MilestoneRecord(
            ref=f"{source.case.ref}-M{each.id}",
            person_ref=each.person,
            place=each.place,
            commune_code=source.venues.get(each.venue, ""),
            start=parse(each.start, _UTC),
            start_earliest=parse(each.start_earliest, _UTC),
            start_latest=parse(each.start_latest, _UTC),
            end=parse(each.end, _UTC),
            end_earliest=parse(each.end_earliest, _UTC),
            end_latest=parse(each.end_latest, _UTC),
            confirmed=each.state == "confirmed",
            notes=each.note,
        )
        for each in source.desk.milestones(source.case.ref)
        if each.state != "rejected"
    ]


def _write(desk: CaseDesk, ref: str, path: Path, write: _Write) -> Written:
    """A file that is on record before it is under its name, and readable by its owner only."""
    if path.exists():
        raise Refused(f"{path}: đã có / is there already; choose another folder")
    staged = path.with_name(f".{path.name}.part")
    try:
        staged.touch(PRIVATE)
        staged.chmod(PRIVATE)
        rows = write(staged)
        with staged.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        desk.exported(ref, path.name, rows=rows, sha256=sha256)
        staged.rename(path)
    except OSError as problem:
        raise NotKnown(f"{path.parent}: cannot write there ({problem.strerror})") from problem
    finally:
        staged.unlink(missing_ok=True)
    return Written(path, rows, sha256)


def _notes(events: Iterable[Event]) -> dict[str, str]:
    """What was noted of each person, oldest first."""
    found: dict[str, list[str]] = {}
    for event in events:
        if event.person and event.words:
            found.setdefault(event.person, []).append(event.words)
    return {ref: "; ".join(words) for ref, words in found.items()}


def _seconds(at: str | None) -> int | None:
    return None if at is None else parse(at, _UTC)


def file_stem(ref: str) -> str:
    """A case's reference as part of a file's name."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in ref)
