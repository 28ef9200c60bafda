"""What is different between two kept results, and what somebody has not seen yet."""

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from fleet_server import database
from fleet_server.cases import freezing
from fleet_server.cases.acting import Acting
from fleet_server.errors import NotKnown
from fleet_server.models import CaseLook, FrozenResult
from fleet_server.times import iso
from fleet_server.tracing.answers import Gap, Time

_LOOK: Final = (
    select(CaseLook.frozen_id, CaseLook.at_ms, FrozenResult.at_ms.label("made_ms"))
    .join(FrozenResult, FrozenResult.id == CaseLook.frozen_id)
    .where(CaseLook.case_id == bindparam("case"), CaseLook.seen_by == bindparam("seen_by"))
)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A contact in one result."""

    ref: str
    role: str
    tier: str
    certain_s: int
    expected_s: int
    possible_s: int
    places: list[str]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """The same contact in both."""

    was: Standing
    now: Standing


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is different since a result was seen."""

    case: str
    result: int
    """The newest kept result."""
    as_of: Time
    since_result: int | None
    """The one seen last; null: none, so everything is new."""
    since: Time | None
    """As of which that one was."""
    seen_at: Time | None
    """When it was seen last."""
    seen_by: str
    added: list[Standing]
    removed: list[Standing]
    changed: list[Moved]
    gaps_closed: list[Gap]
    gaps_opened: list[Gap]


def since_last_look(connection: Connection, acting: Acting) -> Changes:
    """What the actor has not seen. Raises NotKnown where nothing was evaluated yet."""
    case = acting.case
    newest = freezing.latest(connection, case.id)
    if newest is None:
        raise NotKnown(
            f"case {case.ref}: chưa tính lần nào / was not evaluated yet;"
            " `fleet case evaluate` does"
        )
    look = connection.execute(_LOOK, {"case": case.id, "seen_by": acting.actor.name}).one_or_none()
    if look is not None and look.frozen_id == newest:
        # Seen already: nothing is new, whatever it says.
        now = was = _Kept(as_of=iso(look.made_ms // 1000))
    else:
        now = freezing.load(connection, case.id, newest, None, part=_Kept).content
        was = _Kept()
        if look is not None:
            was = freezing.load(connection, case.id, look.frozen_id, None, part=_Kept).content
    before, after = _standing(was), _standing(now)
    gaps_before, gaps_after = _gaps(was), _gaps(now)
    return Changes(
        case=case.ref,
        result=newest,
        as_of=now.as_of,
        since_result=None if look is None else look.frozen_id,
        since=was.as_of or None,
        seen_at=None if look is None else iso(look.at_ms // 1000),
        seen_by=acting.actor.name,
        added=[each for ref, each in after.items() if ref not in before],
        removed=[each for ref, each in before.items() if ref not in after],
        changed=[
            Moved(was=before[ref], now=each)
            for ref, each in after.items()
            if ref in before and _steady(before[ref]) != _steady(each)
        ],
        gaps_closed=[gap for key, gap in gaps_before.items() if key not in gaps_after],
        gaps_opened=[gap for key, gap in gaps_after.items() if key not in gaps_before],
    )


def saw(connection: Connection, acting: Acting, result: int) -> None:
    """The actor has seen this result."""
    values = {"frozen_id": result, "at_ms": acting.now_ms}
    statement = database.insert(connection, CaseLook).values(
        case_id=acting.case.id, seen_by=acting.actor.name, **values
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["case_id", "seen_by"], set_=values)
    )
    acting.note(connection, "seen", detail={"result": result})


def _steady(standing: Standing) -> Standing:
    """Without what grows by the minute as long as the index person may still be somewhere."""
    return msgspec.structs.replace(standing, possible_s=0)


class _Exposure(msgspec.Struct, frozen=True):
    tier: str
    certain_s: int
    expected_s: int
    possible_s: int
    places: list[str]


class _Contact(msgspec.Struct, frozen=True):
    ref: str
    role: str
    exposures: list[_Exposure]


class _Kept(msgspec.Struct, frozen=True):
    """What is compared of a kept result."""

    as_of: str = ""
    contacts: list[_Contact] = []
    gaps: list[Gap] = []


def _standing(kept: _Kept) -> dict[str, Standing]:
    found = {}
    for contact in kept.contacts:
        if not contact.exposures:
            continue
        best = contact.exposures[0]
        found[contact.ref] = Standing(
            ref=contact.ref,
            role=contact.role,
            tier=best.tier,
            certain_s=best.certain_s,
            expected_s=best.expected_s,
            possible_s=best.possible_s,
            places=sorted({place for each in contact.exposures for place in each.places}),
        )
    return found


def _gaps(kept: _Kept) -> dict[tuple[str, str], Gap]:
    return {(gap.kiosk, gap.venue): gap for gap in kept.gaps}
