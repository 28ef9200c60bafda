"""What a case holds, as the rows and records that exports are made of. People under references that
mean nothing outside the case.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from fleet_server.cases.contact_list import CaseContact
from fleet_server.cases.contacts import Event
from fleet_server.cases.desk import CaseDesk
from fleet_server.cases.names import Named
from fleet_server.cases.results import Evaluation
from fleet_server.cases.roster import Member
from fleet_server.cases.states import WORDS
from fleet_server.cases.summary import CaseSeen
from fleet_server.interchange import people, tables
from fleet_server.interchange.records import (
    CaseRecord,
    ExposureRecord,
    MilestoneRecord,
    PersonRecord,
    Role,
)
from fleet_server.interchange.tables import Row, Table
from fleet_server.times import iso, parse
from wire.records import IdentityPart

_UTC: Final = ZoneInfo("UTC")
_REACHABLE: Final = {None: "", True: "có / yes", False: "không / no"}
ROLES: Final[Mapping[str, Role]] = {"F0": "F0", "F1": "F1", "F2": "F2"}
_STATES: Final = {"proposed": "đề xuất / proposed", "confirmed": "đã xác nhận / confirmed"}


class Source(NamedTuple):
    """All that exports of a case are made from."""

    desk: CaseDesk
    case: CaseSeen
    evaluation: Evaluation | None
    contacts: list[CaseContact]
    named: Mapping[str, Named]
    stands: Mapping[str, Member]
    """Who each reference of the case stands for today."""
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


def _contacts(source: Source) -> tuple[Table, list[Row]]:
    return tables.CONTACTS, [_contact(source, each) for each in source.contacts]


def _calls(source: Source) -> tuple[Table, list[Row]]:
    return tables.CALL_LIST, [call(source, each) for each in source.contacts]


def _milestones(source: Source) -> tuple[Table, list[Row]]:
    rows: list[Row] = []
    for number, each in enumerate(source.desk.milestones(source.case.ref), 1):
        code = source.venues.get(each.venue, "")
        rows.append(
            {
                "no": number,
                "person": each.person,
                "place": each.place,
                "commune": source.areas.get(code, ""),
                "start": seconds(each.start),
                "start_earliest": seconds(each.start_earliest),
                "start_latest": seconds(each.start_latest),
                "end": seconds(each.end),
                "end_earliest": seconds(each.end_earliest),
                "end_latest": seconds(each.end_latest),
                "source": "quét mã / scans" if each.source == "scans" else "phỏng vấn / interview",
                "state": _STATES.get(each.state, each.state),
                "notes": each.note,
            }
        )
    return tables.MILESTONES, rows


def _exposure_rows(source: Source) -> tuple[Table, list[Row]]:
    rows: list[Row] = [
        {
            "contact": each.target_ref,
            "index": each.source_ref,
            "tier": each.tier,
            "seconds": each.duration_s,
            "first": each.first_at,
            "places": ", ".join(each.places),
        }
        for each in exposures(source)
    ]
    return tables.EXPOSURES, rows


ROWS: Final[Mapping[str, Callable[[Source], tuple[Table, list[Row]]]]] = {
    "contacts": _contacts,
    "call-list": _calls,
    "milestones": _milestones,
    "exposures": _exposure_rows,
}


def _contact(source: Source, contact: CaseContact) -> dict[str, Any]:
    return {
        "ref": contact.ref,
        "tier": contact.tier,
        "state": " / ".join(WORDS[contact.state]),
        "reachable": _REACHABLE[contact.reachable],
        "first": seconds(contact.first),
        "certain": contact.certain_s,
        "expected": contact.expected_s,
        "possible": contact.possible_s,
        "places": ", ".join(contact.places),
        "notes": source.notes.get(contact.ref, ""),
    }


def call(source: Source, contact: CaseContact) -> dict[str, Any]:
    named = source.named.get(contact.ref)
    part = IdentityPart() if named is None else named.part
    who = {name: getattr(part, name) for name in ("name", "phone", "birth", "sex", "address")}
    return _contact(source, contact) | who | {"commune": contact.area_name}


def persons(source: Source) -> list[PersonRecord]:
    reported = source.desk.now_ms // 1000
    roles: list[tuple[str, Role, CaseContact | None]] = [
        (each.ref, "F0", None) for each in source.case.index
    ]
    roles += [(each.ref, ROLES[each.role], each) for each in source.contacts]
    last = _last_met(source)
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


def exposures(source: Source) -> list[ExposureRecord]:
    """As the last kept evaluation has them, of the contacts that are exported, between those who
    are in the case today.
    """
    wanted = {each.ref for each in source.contacts}
    last = _last_met(source)
    # Where links made one of two since, the closest of their exposures comes first.
    found: dict[tuple[str, str], ExposureRecord] = {}
    for contact in [] if source.evaluation is None else source.evaluation.contacts:
        target = source.stands.get(contact.ref)
        if target is None or target.ref not in wanted:
            continue
        for each in contact.exposures:
            origin = source.stands.get(each.index)
            if origin is None or origin.ref == target.ref:
                continue
            record = ExposureRecord(
                source_ref=origin.ref,
                source_role=ROLES[origin.role],
                target_ref=target.ref,
                target_role=ROLES[target.role],
                tier=each.tier,
                first_at=parse(each.first, _UTC),
                last_at=last.get(target.ref, parse(each.first, _UTC)),
                duration_s=each.expected_s,
                places=tuple(each.places),
            )
            found.setdefault((origin.ref, target.ref), record)
    return list(found.values())


def _last_met(source: Source) -> dict[str, int]:
    """When each contact was exposed last, at the latest; at the first place where no more is
    known.
    """
    found: dict[str, int] = {}
    for contact in [] if source.evaluation is None else source.evaluation.contacts:
        member = source.stands.get(contact.ref)
        ends = [parse(meeting.end, _UTC) for each in contact.exposures for meeting in each.meetings]
        ends += [parse(each.first, _UTC) for each in contact.exposures]
        if ends and member is not None:
            found[member.ref] = max(*ends, found.get(member.ref, 0))
    return found


def stays(source: Source) -> list[MilestoneRecord]:
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


def notes(events: Iterable[Event], stands: Mapping[str, Member]) -> dict[str, str]:
    """What was noted of each person, under any of their references, oldest first."""
    found: dict[str, list[str]] = {}
    for event in events:
        member = stands.get(event.person)
        if member is not None and event.words:
            found.setdefault(member.ref, []).append(event.words)
    return {ref: "; ".join(words) for ref, words in found.items()}


def seconds(at: str | None) -> int | None:
    return None if at is None else parse(at, _UTC)
