"""What somebody who means harm, or is only curious, would try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from fleet_server.cases.preview import SMALL, blurred
from fleet_server.errors import NotKnown
from fleet_server.identity import audit
from fleet_server.identity.vault_messages import NotPermitted
from fleet_server.models import AuditEntry, Case, CaseEvent, CasePerson, Link, NameOpening
from tests.fleet_server.cases.conftest import (
    CASE,
    COLLEAGUE,
    NAMES_PER_DAY,
    SUPERVISOR,
    Office,
    writing,
)

OTHER = "CA-2026-018"


@pytest.fixture
def people(office: Office) -> list[str]:
    office.with_seller()
    office.desk().evaluate(CASE)
    return [each.ref for each in office.desk().contacts(CASE)]


def visitors(office: Office, refs: list[str]) -> list[str]:
    with office.engine.connect() as connection:
        rows = connection.execute(select(CasePerson.ref, CasePerson.person_id))
        known = {row.ref: f"P{row.person_id}" for row in rows}
    return [known[ref] for ref in refs]


def test_the_limit_is_one_over_all_cases(office: Office, people: list[str]) -> None:
    seller = office.desk().show(CASE).index[0].visitor
    desk = office.desk()
    desk.begin(OTHER, lab_ref="XN-2", onset=office.now_ms // 1000 - 2 * 86_400)
    office.desk(SUPERVISOR).confirm_lab(OTHER, "XN-2")
    office.desk().add_index(OTHER, seller, "thử")
    office.desk().evaluate(OTHER)
    office.desk().open_names(CASE, people[: NAMES_PER_DAY - 2], "gọi")
    same = visitors(office, people)[NAMES_PER_DAY - 2 :]
    with office.engine.connect() as connection:
        there = dict(
            connection.execute(
                select(CasePerson.person_id, CasePerson.ref)
                .join(Case, Case.id == CasePerson.case_id)
                .where(Case.ref == OTHER)
            ).all()
        )
    elsewhere = [there[int(each[1:])] for each in same if int(each[1:]) in there]
    office.desk().open_names(OTHER, elsewhere[:2], "gọi")
    with pytest.raises(NotPermitted, match="a second person approves"):
        office.desk().open_names(OTHER, elsewhere[2:3], "gọi")
    # A colleague has a day of their own.
    office.desk(COLLEAGUE).open_names(OTHER, elsewhere[2:3], "gọi")


def test_an_approval_written_by_hand_without_a_second_person_opens_nothing(
    office: Office, people: list[str]
) -> None:
    opening = office.desk().ask_names(CASE, people, "gọi")
    for decided_by in (None, "truy-vet-1"):
        with writing(office.engine).begin() as connection:
            connection.execute(
                update(NameOpening)
                .where(NameOpening.id == opening)
                .values(state="approved", decided_ms=office.now_ms, decided_by=decided_by)
            )
        with pytest.raises(NotPermitted, match="no second person"):
            office.desk().open_names(CASE, people, "gọi", opening)


def test_an_approval_written_under_anothers_name_shows_on_the_chain(
    office: Office, people: list[str]
) -> None:
    """The vault cannot know; whoever audits can: no line says that it was approved."""
    opening = office.desk().ask_names(CASE, people, "gọi")
    with writing(office.engine).begin() as connection:
        connection.execute(
            update(NameOpening)
            .where(NameOpening.id == opening)
            .values(state="approved", decided_ms=office.now_ms, decided_by="giam-sat-1")
        )
    office.desk().open_names(CASE, people, "gọi", opening)
    with office.engine.connect() as connection:
        told = connection.execute(select(AuditEntry.action, AuditEntry.actor)).all()
        assert audit.verify(connection).fault == ""
    assert "case.names_approved" not in {row.action for row in told}
    assert len([row for row in told if row.action == "vault.open"]) == len(people)


def test_a_case_put_into_the_database_by_hand_opens_nobody_who_is_not_in_it(
    office: Office, people: list[str]
) -> None:
    with writing(office.engine).begin() as connection:
        connection.execute(
            insert(Case).values(
                ref="CA-GIA",
                disease="x",
                lab_ref="XN-9",
                lab_confirmed_at=1,
                lab_confirmed_by="giam-sat-1",
                rule_version="2026-1",
                opened_at=0,
                opened_by="truy-vet-1",
            )
        )
    vault = office.desk().vault
    with pytest.raises(NotPermitted, match="not in this case"):
        vault.open(visitors(office, people[:1]), case="CA-GIA", purpose="xem", actor="truy-vet-1")


@given(st.integers(0, 10_000))
def test_a_count_says_nothing_below_five_and_fives_above(count: int) -> None:
    told = blurred(count)
    if count < SMALL:
        assert told is None
    else:
        assert told is not None
        assert told % SMALL == 0
        assert 0 <= count - told < SMALL


def test_whether_one_person_was_there_cannot_be_counted(office: Office, people: list[str]) -> None:
    """A window in which one person more or less was there: the counts say the same."""
    seller = office.desk().show(CASE).index[0].ref
    for each in office.desk().milestones(CASE):
        office.desk().decide_milestone(CASE, each.id, "rejected")
    office.desk().add_milestone(CASE, seller, "cho-mot,2026-03-10T05:30,2026-03-10T13:00")
    told = {
        (office.desk().preview(CASE, min_overlap_min=float(minutes)).counts)
        for minutes in range(1, 400, 20)
    }
    for counts in told:
        assert all(each is None or each % SMALL == 0 for each in (counts.A, counts.B, counts.C))
    kinds = [each.kind for each in office.desk().events(CASE)]
    assert kinds.count("previewed") == 20, "every try is on record"


def test_who_rewrites_the_whole_chain_is_shown_by_a_head_somebody_kept(
    office: Office, people: list[str]
) -> None:
    office.desk().open_names(CASE, people[:3], "tò mò")
    with office.engine.connect() as connection:
        kept = audit.head(connection)
        lines = connection.execute(select(AuditEntry).order_by(AuditEntry.id)).all()
    with writing(office.engine).begin() as connection:
        _without_triggers(office, connection)
        connection.execute(text("DELETE FROM audit_log"))
        audit.append_all(
            connection,
            [
                audit.Line(row.at_ms, row.actor, row.action, row.case_ref, row.purpose, row.subject)
                for row in lines
                if row.action != "vault.open"
            ],
        )
    with office.engine.connect() as connection:
        assert audit.verify(connection).fault == "", "well made, by itself it shows nothing"
        heads = {row.hash.hex() for row in connection.execute(select(AuditEntry.hash))}
    assert kept not in heads


def _without_triggers(office: Office, connection: Connection) -> None:
    """Whoever administers the database can do this."""
    if office.engine.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        return
    named = text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_log'")
    for name in connection.scalars(named).all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def test_one_case_does_not_take_apart_what_another_joined(
    office: Office, people: list[str]
) -> None:
    with office.engine.connect() as connection:
        link = connection.scalar(select(Link.id).where(Link.reason.startswith(CASE)))
    assert link is not None
    office.desk().begin(OTHER, lab_ref="XN-2")
    with pytest.raises(NotKnown, match="none of this case"):
        office.desk().unlink(OTHER, link, "thử")
    assert len(office.desk().unlink(CASE, link, "nhầm")) == 2


def test_a_person_of_another_case_has_no_reference_here(office: Office, people: list[str]) -> None:
    office.desk().begin(OTHER, lab_ref="XN-2")
    for ask in (
        lambda desk: desk.call(OTHER, people[0], reachable=True),
        lambda desk: desk.open_names(OTHER, people[:1], "xem"),
        lambda desk: desk.events(OTHER, person=people[0]),
    ):
        with pytest.raises(NotKnown):
            ask(office.desk())


def test_what_happened_in_a_case_is_not_written_over(office: Office, people: list[str]) -> None:
    with (
        writing(office.engine).begin() as connection,
        pytest.raises(DBAPIError, match="never changed"),
    ):
        connection.execute(update(CaseEvent).values(words=""))
