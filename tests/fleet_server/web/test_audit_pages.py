"""The auditor's pages: the log, the openings of all cases, and whether the chain holds."""

import re
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

import fleet_server
from fleet_server import database
from fleet_server.identity import audit
from fleet_server.models import Area, AuditEntry, Case
from fleet_server.privacy import rights
from fleet_server.web.audit import words
from tests.fleet_server.cases.conftest import CASE, SUPERVISOR, TRACER, Office, office
from tests.fleet_server.identity.test_audit import OFF
from tests.fleet_server.people import submit
from tests.fleet_server.web.clinic import Clinic
from tests.support.queries import counted

__all__ = ["office"]


@pytest.fixture
def known(office: Office, tmp_path: Path) -> Clinic:
    """A case with three names opened."""
    office.with_seller()
    desk = office.desk()
    desk.evaluate(CASE)
    desk.open_names(CASE, [each.ref for each in desk.contacts(CASE)[:3]], "gọi điện")
    return Clinic(office, tmp_path)


def lines(page: str) -> list[int]:
    """Numbers of the lines a page shows."""
    return [int(each.replace(".", "")) for each in re.findall(r'data-label="Dòng">([\d.]+)', page)]


def test_the_log_is_read_newest_first_and_narrowed(known: Clinic) -> None:
    auditor = known.browser("auditor")
    everything = lines(auditor.get("/audit").text)
    assert len(everything) > 10
    assert everything == sorted(everything, reverse=True)
    page = auditor.get(f"/audit?actor={TRACER.name}&action=vault.open&case={CASE}").text
    assert len(lines(page)) == 3
    assert page.count("gọi điện") == 3
    subject = re.findall(r"subject=(P\d+)", page)[0]
    of_one = auditor.get(f"/audit?subject={subject}").text
    assert set(re.findall(r"subject=(P\d+)", of_one)) == {subject}
    assert "Không dòng nào khớp" in auditor.get("/audit?actor=nobody").text
    assert lines(auditor.get("/audit?action=vault.&since=2026-03-10").text)
    assert not lines(auditor.get("/audit?action=vault.&until=2026-03-09").text)
    assert auditor.get("/audit?since=yesterday").status_code == 400


def test_the_log_goes_on_by_number_and_misses_no_line(known: Clinic) -> None:
    with known.office.engine.execution_options(**database.WRITES).begin() as connection:
        made = [audit.Line(1, "may-1", "venue.created", subject=f"V{n}") for n in range(250)]
        audit.append_all(connection, made)
    auditor, address, seen = known.browser("auditor"), "/audit?actor=may-1", []
    while address:
        page = auditor.get(address).text
        seen += lines(page)
        further = re.findall(r'href="([^"]+)" rel="next"', page)
        address = further[0].replace("&amp;", "&") if further else ""
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 250


def test_an_auditor_of_an_area_sees_what_lies_in_it(known: Clinic) -> None:
    with known.office.engine.execution_options(**database.WRITES).begin() as connection:
        here = connection.scalar(select(Area.id).where(Area.code == "T01"))
        connection.execute(update(Case).where(Case.ref == CASE).values(area_id=here))
        told = [("venue.hours", "cho-mot"), ("area.created", "T02")]
        audit.append_all(
            connection, [audit.Line(1, "root", what, subject=ref) for what, ref in told]
        )
    desk = known.office.desk()
    desk.ask_names(CASE, [desk.contacts(CASE)[0].ref], "gọi điện")
    near, far = known.browser("auditor_near"), known.browser("auditor_far")
    for path in ("/audit", "/audit/openings"):
        assert CASE in near.get(path).text
        assert CASE not in far.get(path).text
    assert lines(near.get("/audit?subject=cho-mot").text)
    assert not lines(far.get("/audit?subject=cho-mot").text)
    assert lines(far.get("/audit?subject=T02").text)
    assert not lines(near.get("/audit?subject=T02").text)
    assert not lines(far.get(f"/audit?case={CASE}").text)


def test_openings_of_all_cases_and_what_is_overdue(known: Clinic) -> None:
    office = known.office
    desk = office.desk()
    people = [each.ref for each in desk.contacts(CASE)]
    desk.ask_names(CASE, people[:12], "gọi điện")
    desk.break_glass(CASE, people[:12], "gọi điện", "đêm giao thừa")
    auditor = known.browser("auditor")
    page = auditor.get("/audit/openings").text
    assert "phá kính" in page
    assert "đêm giao thừa" in page
    assert "quá hạn mà chưa ai" not in page
    assert "Không có yêu cầu" in auditor.get("/audit/openings?state=overdue").text
    office.now_ms += 25 * 3_600_000
    known.browsers.clear()
    auditor = known.browser("auditor")
    assert "1 lần phá kính quá hạn" in auditor.get("/audit/openings").text
    assert "đêm giao thừa" in auditor.get("/audit/openings?state=overdue").text
    office.desk(SUPERVISOR).review_opening(CASE, 2, "không ai trực, đúng")
    page = auditor.get("/audit/openings?state=reviewed").text
    assert "không ai trực, đúng" in page
    assert "Không có yêu cầu" in auditor.get("/audit/openings?state=overdue").text


def test_a_log_that_holds_says_so_and_one_that_was_changed_says_where(known: Clinic) -> None:
    auditor, engine = known.browser("auditor"), known.office.engine
    page = auditor.get("/audit/verify").text
    assert "nguyên vẹn" not in page
    with engine.connect() as connection:
        head = audit.head(connection)
    assert head in page
    page = submit(auditor, "/audit/verify", {"head": head.upper()}, page="/account").text
    assert "Nhật ký nguyên vẹn" in page
    assert "Dấu đã giữ có trong" in page
    page = submit(auditor, "/audit/verify", {"head": "ab" * 32}, page="/account").text
    assert "Dấu đã giữ không có" in page
    with engine.execution_options(**database.WRITES).begin() as connection:
        for statement in OFF[engine.dialect.name]:
            connection.execute(text(statement))
        connection.execute(update(AuditEntry).where(AuditEntry.id == 5).values(actor="ai-do"))
    page = submit(auditor, "/audit/verify", page="/account").text
    assert "Nhật ký hỏng" in page
    assert "line 5 was changed" in page


def test_what_i_did_is_mine_and_leads_to_whom_it_was_about(known: Clinic) -> None:
    tracer = known.browser("tracer")
    page = tracer.get("/my-record").text
    assert "tính danh sách tiếp xúc" in page
    assert SUPERVISOR.name not in page
    assert "xác nhận số xét nghiệm" in known.browser("supervisor").get("/my-record").text
    page = tracer.get("/my-record?action=vault.open").text
    people = set(re.findall(rf'href="(/cases/{CASE}/contacts/\w+)"', page))
    assert len(people) == 3
    assert tracer.get(people.pop()).status_code == 200
    assert "Chưa có gì" in known.browser("colleague").get("/my-record?action=vault.open").text


@pytest.mark.parametrize("path", ["/audit", "/my-record", "/audit/openings"])
def test_pages_of_the_log_ask_as_often_for_many_lines_as_for_few(known: Clinic, path: str) -> None:
    browser = known.browser("auditor" if path.startswith("/audit") else "tracer")
    desk = known.office.desk()
    people = [each.ref for each in desk.contacts(CASE)]
    for _ in range(20):
        desk.ask_names(CASE, people[:5], "gọi điện")

    with counted(known.office.engine) as asked:
        assert browser.get(path).status_code == 200
    assert len(asked) <= 10, "\n".join(asked)


def test_every_action_of_the_log_has_words() -> None:
    root = Path(fleet_server.__file__).parent
    source = "".join(path.read_text("utf-8") for path in root.rglob("*.py"))
    written = set(re.findall(r'action="([a-z_]+\.[a-z_]+)"', source))
    written |= {f"trace.{name}" for name in re.findall(r'"trace\.([a-z]+)"', source)}
    for module, prefix in (("auth/accounts", "account"), ("auth/own_account", "account")):
        said = (root / f"{module}.py").read_text("utf-8")
        written |= {f"{prefix}.{what}" for what in re.findall(r'_note\(\w+, \w+, "(\w+)"', said)}
        anew = re.findall(r'_begin_anew\([^"]+"(\w+)"', said)
        written |= {f"{prefix}.{what}" for what in anew}
    for path in ("privacy/rights.py", "privacy/correcting.py"):
        said = (root / path).read_text("utf-8")
        noted = re.findall(r'(?:_log|note)\(\s*connection,\s*"(\w+)"', said)
        written |= {f"right.{what}" for what in (*noted, *rights.OUTCOMES)}
    written |= {f"right.{how}" for how in re.findall(r'how="(\w+)"', source)}
    written |= set(re.findall(r': "(vault\.[a-z]+)",', source))
    assert {"trace.common", "account.disabled", "venue.created", "right.shown"} <= written
    assert {"account.second_factor_set_up", "right.corrected", "vault.issue"} <= written
    assert written <= set(words.ACTIONS)
    assert all(vi and en for vi, en in words.ACTIONS.values())
