"""The register of cases: opened on a laboratory's call, confirmed by a second person, closed."""

from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from fleet_server.auth.permissions import Permission
from fleet_server.cases.acting import (
    COLUMNS,
    Acting,
    Actor,
    BadWords,
    KnownCase,
    area_named,
    line,
)
from fleet_server.errors import NotKnown, Refused
from fleet_server.fleet import areas
from fleet_server.fleet.references import Taken, Unfit
from fleet_server.identity import audit
from fleet_server.models import Case, CaseEvent, NameOpening
from fleet_server.times import BadTime, iso
from fleet_server.tracing import rulebook

MAX_REF: Final = 64
_RESERVED: Final = frozenset(":/")
"""Other entries of the audit log carry a colon; an address in the API is parted by slashes."""
_SETTABLE: Final = ("onset_at", "isolated_at", "since_at", "until_at")


def open_case(
    connection: Connection,
    actor: Actor,
    ref: str,
    *,
    now_ms: int,
    disease: str = "COVID-19",
    area: str | None = None,
    lab_ref: str = "",
    onset: int | None = None,
    isolated: int | None = None,
    rule: str | None = None,
) -> None:
    """Begins a case. Times in seconds UTC. Raises Refused, Unfit, Taken, NotKnown, BadTime."""
    actor.must(Permission.CASES)
    fit = 0 < len(ref) <= MAX_REF and ref.isprintable() and ref == ref.strip()
    if not fit or set(ref) & _RESERVED:
        raise Unfit(
            f"case {ref[:80]!r}: cần từ 1 đến {MAX_REF} ký tự, không có dấu hai chấm và gạch chéo,"
            f" ví dụ CA-2026-017 / expected 1 to {MAX_REF} printable characters without colon and"
            " slash, such as CA-2026-017"
        )
    if connection.scalar(select(Case.id).where(Case.ref == ref)) is not None:
        raise Taken(f"case {ref}: đã có / is there already")
    area_id = actor.area_id if area is None else area_named(connection, area)
    if not areas.within(connection, area_id, actor.area_id):
        raise NotKnown(f"area {area}: ngoài địa bàn của bạn / lies outside your area")
    _in_order(onset, isolated, now_ms // 1000)
    version = rulebook.in_force(connection, rule).version
    lab_ref = line("laboratory reference", lab_ref, 64)
    connection.execute(
        insert(Case).values(
            ref=ref,
            disease=line("disease", disease, 64),
            area_id=area_id,
            lab_ref=lab_ref,
            onset_at=onset,
            isolated_at=isolated,
            rule_version=version,
            opened_at=now_ms // 1000,
            opened_by=actor.name,
        )
    )
    audit.append(
        connection,
        at_ms=now_ms,
        actor=actor.name,
        action="case.opened",
        case_ref=ref,
        detail={"rule": version, "lab_ref": bool(lab_ref), "area": area},
    )


def set_lab(connection: Connection, acting: Acting, lab_ref: str) -> None:
    """The laboratory's number; another one must be confirmed again. Raises BadWords, Refused."""
    lab_ref = line("laboratory reference", lab_ref, 64)
    if not lab_ref:
        raise BadWords(
            "Cần số của phòng xét nghiệm / laboratory reference: expected the laboratory's own"
            " number of the result"
        )
    if acting.case.lab_ref == lab_ref:
        return
    _change(
        connection,
        acting.case.id,
        lab_ref=lab_ref,
        lab_confirmed_at=None,
        lab_confirmed_by=None,
    )
    acting.note(connection, "lab_given", detail={"before": bool(acting.case.lab_ref)})


def confirm_lab(connection: Connection, acting: Acting, lab_ref: str) -> None:
    """A second person has the same number from the laboratory. Raises Refused."""
    case = acting.case
    acting.actor.must(Permission.CASES_DECIDE)
    if not case.lab_ref:
        raise Refused(f"case {case.ref}: chưa có số xét nghiệm / has no laboratory reference yet")
    if acting.actor.name == case.opened_by:
        raise Refused(
            f"case {case.ref}: người mở ca không tự xác nhận / {case.opened_by} opened it; a second"
            " person confirms"
        )
    if acting.actor.name == _lab_given_by(connection, case.id):
        raise Refused(
            f"case {case.ref}: người ghi số không tự xác nhận / {acting.actor.name} wrote the"
            " number down; a second person confirms"
        )
    if lab_ref.strip() != case.lab_ref:
        acting.note(connection, "lab_differs")
        raise Refused(
            f"case {case.ref}: số không khớp / this is not the laboratory reference it was opened"
            " with; ask the laboratory again"
        )
    _change(connection, case.id, lab_confirmed_at=acting.now, lab_confirmed_by=acting.actor.name)
    acting.note(connection, "lab_confirmed")


def set_times(connection: Connection, acting: Acting, **times: int | None) -> None:
    """`onset_at`, `isolated_at`, `since_at`, `until_at`: seconds UTC, None as before."""
    given = {name: at for name, at in times.items() if at is not None}
    if unknown := given.keys() - set(_SETTABLE):
        raise ValueError(f"no such times: {sorted(unknown)}")
    if not given:
        return
    case = acting.case
    _in_order(given.get("onset_at"), given.get("isolated_at"), acting.now)
    since = given.get("since_at", case.since_at)
    until = given.get("until_at", case.until_at)
    if since is not None and until is not None and since >= until:
        raise BadTime("Lúc bắt đầu phải trước lúc kết thúc / from: expected a time before `to`")
    _change(connection, case.id, **given)
    acting.note(
        connection,
        "times_set",
        detail={name.removesuffix("_at"): iso(at) for name, at in given.items()},
    )


def set_rule(connection: Connection, acting: Acting, version: str) -> None:
    """By which rule it is evaluated from now on. Raises NotKnown."""
    found = rulebook.in_force(connection, version).version
    _change(connection, acting.case.id, rule_version=found)
    acting.note(connection, "rule_set", detail={"was": acting.case.rule_version, "now": found})


def close(connection: Connection, acting: Acting, words: str) -> None:
    """Nothing in it is changed any more. Raises Refused while a broken glass is unreviewed."""
    unreviewed = connection.scalar(
        select(func.count())
        .select_from(NameOpening)
        .where(NameOpening.case_id == acting.case.id, NameOpening.state == "broken_glass")
    )
    if unreviewed:
        raise Refused(
            f"case {acting.case.ref}: còn {unreviewed} lần phá kính chưa xem lại / openings by"
            " broken glass are not reviewed yet; `fleet case openings` lists them"
        )
    _change(connection, acting.case.id, closed_at=acting.now, closed_by=acting.actor.name)
    acting.note(connection, "closed", words=line("words", words))


def listed(connection: Connection, actor: Actor, *, closed: bool = False) -> list[KnownCase]:
    """Cases of the actor's area, the newest first; open ones, or all."""
    actor.must(Permission.CASES)
    query = select(*COLUMNS).order_by(Case.opened_at.desc(), Case.id.desc())
    if not closed:
        query = query.where(Case.closed_at.is_(None))
    if actor.area_id is not None:
        query = query.where(Case.area_id.in_(areas.below(connection, actor.area_id)))
    return [KnownCase(*row) for row in connection.execute(query)]


def window(connection: Connection, case: KnownCase, *, now: int) -> tuple[int, int]:
    """[since, until) in which the case was infectious; seconds UTC. Raises BadTime."""
    version = rulebook.in_force(connection, case.rule_version)
    since, until = case.since_at, case.until_at
    if case.onset_at is not None:
        begun, ended = version.window(case.onset_at, case.isolated_at, now=now)
        since = begun if since is None else since
        until = ended if until is None else until
    if since is not None and until is None:
        until = now if case.isolated_at is None else case.isolated_at
    if since is None or until is None:
        raise BadTime(
            f"case {case.ref}: cần ngày khởi phát, hoặc khoảng thời gian cần xét / expected the"
            " onset of symptoms (`fleet case set --onset`), or a window (`--from`)"
        )
    if since >= until:
        raise BadTime(
            f"case {case.ref}: khoảng thời gian cần xét không còn gì / nothing is left of the"
            f" window {iso(since)} to {iso(until)}"
        )
    return since, until


def _lab_given_by(connection: Connection, case_id: int) -> str | None:
    """Who wrote down the laboratory's number since the case was opened; None: nobody did."""
    return connection.scalar(
        select(CaseEvent.made_by)
        .where(CaseEvent.case_id == case_id, CaseEvent.kind == "lab_given")
        .order_by(CaseEvent.id.desc())
        .limit(1)
    )


def _change(connection: Connection, case_id: int, **values: object) -> None:
    connection.execute(update(Case).where(Case.id == case_id).values(**values))


def _in_order(onset: int | None, isolated: int | None, now: int) -> None:
    for vi, name, at in (("Khởi phát", "onset", onset), ("Cách ly", "isolated", isolated)):
        if at is not None and at > now:
            raise BadTime(f"{vi}: lúc này chưa tới / {name}: {iso(at)} has not been yet")
