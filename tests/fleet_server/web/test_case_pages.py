"""A tracer's pages of a case, from the laboratory's call to the contacts."""

import html
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient

from tests.fleet_server.cases.conftest import CASE, LAB, SUPERVISOR, Office, office
from tests.fleet_server.people import submit
from tests.fleet_server.web.clinic import Clinic
from tests.support.market_days import SELLER_OLD_CODE, SELLER_PHONE
from tests.support.queries import counted

__all__ = ["office"]
AT = f"/cases/{CASE}"
SOME_TIME = "2026-03-08T00:00"


@pytest.fixture
def clinic(office: Office, tmp_path: Path) -> Clinic:
    return Clinic(office, tmp_path)


@pytest.fixture
def known(clinic: Clinic) -> Clinic:
    """With the seller's case, evaluated."""
    clinic.office.with_seller()
    clinic.office.desk().evaluate(CASE)
    return clinic


def said(client: FlaskClient, path: str, data: dict[str, str], *, status: int = 303) -> str:
    """What the page says after a form was sent; of a redirect, the page it leads to."""
    answer = submit(client, path, data, page="/account")
    assert answer.status_code == status, answer.text
    return client.get(answer.location).text if status == 303 else answer.text


def test_a_case_is_begun_found_and_evaluated_on_the_pages(clinic: Clinic) -> None:
    tracer, supervisor = clinic.browser("tracer"), clinic.browser("supervisor")
    assert "Chưa có ca nào" in tracer.get("/cases").text
    begun = said(tracer, "/cases", {"ref": CASE, "lab_ref": LAB, "onset": "2026-03-08T14:00"})
    assert "Đã mở ca" in begun
    assert "Chờ xác nhận xét nghiệm" in begun
    assert LAB in tracer.get(AT).text
    assert LAB not in supervisor.get(AT).text, "who confirms it asks the laboratory"
    assert "Đã xác nhận số" in said(supervisor, f"{AT}/confirm", {"lab_ref": LAB})
    assert SUPERVISOR.name in tracer.get(AT).text

    find = {"kind": "insurance", "number": SELLER_OLD_CODE, "purpose": "tìm F0"}
    first = said(tracer, f"{AT}/find", find, status=200)
    (one,) = set(re.findall(r'name="found" value="(P\d+)"', first))
    assert SELLER_OLD_CODE not in first
    find = {"kind": "phone", "number": SELLER_PHONE, "purpose": "tìm F0", "found": one}
    second = said(tracer, f"{AT}/find", find, status=200)
    both = sorted(set(re.findall(r'name="found" value="(P\d+)"', second)))
    assert len(both) == 2
    pair = {"first": both[0], "second": both[1], "reason": "hai thẻ"}
    linked = said(tracer, f"{AT}/links", pair, status=200)
    assert "hai thẻ là một người" in linked
    assert f'value="{both[0]}"' in linked, "whom both are now is there to be added"
    assert 'role="alert"' in said(tracer, f"{AT}/links", pair, status=409)
    added = said(tracer, f"{AT}/index", {"visitor": both[0], "reason": "dương tính"})
    assert "Đã thêm F0" in added

    evaluated = said(tracer, f"{AT}/evaluate", {})
    assert "Đã tính lại" in evaluated
    assert "Có thể còn thiếu" in evaluated
    contacts = tracer.get(f"{AT}/contacts").text
    assert contacts.count('data-label="Chắc chắn"') > 20


def test_a_number_nobody_has_is_said_and_on_record(known: Clinic) -> None:
    tracer = known.browser("tracer")
    find = {"kind": "phone", "number": "0911111111", "purpose": "tìm F0"}
    assert "Không ai được quét" in said(tracer, f"{AT}/find", find, status=200)
    wrong = find | {"kind": "shoe size"}
    assert "Cần loại số" in said(tracer, f"{AT}/find", wrong, status=400)
    short = find | {"number": "12"}
    page = said(tracer, f"{AT}/find", short, status=400)
    assert 'value="12"' in page
    assert 'role="alert"' in page


def test_what_was_entered_is_not_lost_where_it_cannot_be_taken(clinic: Clinic) -> None:
    tracer = clinic.browser("tracer")
    page = said(tracer, "/cases", {"ref": "CA:1", "lab_ref": "XN-9", "area": ""}, status=400)
    assert 'value="CA:1"' in page
    assert 'value="XN-9"' in page
    assert 'role="alert"' in page
    page = said(tracer, "/cases", {"ref": "CA-1", "onset": "yesterday"}, status=400)
    assert "yesterday" in page


@pytest.mark.parametrize(
    ("path", "data", "words"),
    [
        ("/cases", {"ref": "CA:1"}, "cần từ 1 đến 64 ký tự"),
        ("/cases", {"ref": "CA-1", "onset": "2096-03-08T14:00"}, "Khởi phát: lúc này chưa tới"),
        (f"{AT}/amend", {"since": "2026-03-09T00:00", "until": SOME_TIME}, "phải trước"),
        (f"{AT}/amend", {"rule": "1999-1"}, "không có phiên bản này"),
        (f"{AT}/say", {"words": ""}, "Chưa có gì để ghi"),
        (f"{AT}/say", {"words": "x" * 1001}, "Tối đa 1000 ký tự"),
        (f"{AT}/index", {"visitor": "bà bán rau", "reason": "F0"}, "cần mã hồ sơ như P12"),
        (f"{AT}/index", {"visitor": "P99999", "reason": "F0"}, "không có hồ sơ này"),
        (f"{AT}/links", {"first": "P1", "second": "P1", "reason": "thẻ"}, "đã là một người"),
        (f"{AT}/links", {"first": "P1", "second": "P2"}, "vì sao là một người"),
        (f"{AT}/files", {"kind": "contacts", "shape": "json"}, "dạng tệp là xlsx hay csv"),
    ],
)
def test_why_something_cannot_be_taken_is_said_in_the_readers_language(
    known: Clinic, path: str, data: dict[str, str], words: str
) -> None:
    answer = submit(known.browser("tracer"), path, data, page="/account")
    assert 400 <= answer.status_code < 500
    told = re.search(r'role="alert"[^>]*>(.*?)</div>', answer.text, re.DOTALL)
    assert told is not None, answer.text
    assert words in html.unescape(told[1])
    assert "expected" not in told[1]


def test_who_opened_a_case_does_not_confirm_its_laboratory_number(clinic: Clinic) -> None:
    supervisor = clinic.browser("supervisor")
    said(supervisor, "/cases", {"ref": "CA-2", "lab_ref": "XN-2"})
    page = said(supervisor, "/cases/CA-2/confirm", {"lab_ref": "XN-2"}, status=403)
    assert "không tự xác nhận" in page
    assert (
        submit(
            clinic.browser("tracer"), f"{AT}/confirm", {"lab_ref": LAB}, page="/account"
        ).status_code
        == 403
    )


def test_a_case_of_another_area_is_as_good_as_unknown(known: Clinic) -> None:
    far = known.browser("far")
    assert f'href="{AT}"' not in far.get("/cases").text
    assert f'href="{AT}"' in known.browser("tracer").get("/cases").text
    for path in ("", "/people", "/milestones", "/contacts", "/preview", "/results"):
        assert far.get(AT + path).status_code == 404
    assert submit(far, f"{AT}/evaluate", page="/account").status_code == 404


def test_contacts_are_narrowed_and_one_shows_why_it_is_there(known: Clinic) -> None:
    tracer = known.browser("tracer")
    everybody = tracer.get(f"{AT}/contacts").text
    refs = re.findall(r'<a class="ref" href="[^"]*/contacts/(\w+)">', everybody)
    assert len(refs) == len(set(refs)) > 20
    first_ring = tracer.get(f"{AT}/contacts?role=F1&tier=A").text
    fewer = re.findall(r'<a class="ref" href="[^"]*/contacts/(\w+)">', first_ring)
    assert 0 < len(fewer) < len(refs)
    assert fewer == [ref for ref in refs if ref in fewer]
    assert "Không ai khớp" in tracer.get(f"{AT}/contacts?state=promoted").text
    page = tracer.get(f"{AT}/contacts/{fewer[0]}").text
    assert "Vì sao có trong danh sách" in page
    assert "cho-mot" in page
    assert "quét khi ra" in page
    assert tracer.get(f"{AT}/contacts/NOBODY").status_code == 404


def test_a_contact_is_called_dismissed_and_handed_over(known: Clinic) -> None:
    tracer = known.browser("tracer")
    ref = known.office.desk().contacts(CASE)[0].ref
    one = f"{AT}/contacts/{ref}"
    page = said(tracer, f"{one}/call", {"reachable": "no", "words": "gọi lại chiều"})
    assert "không gọi được" in page
    assert "gọi lại chiều" in page
    page = said(tracer, f"{one}/decide", {"state": "dismissed", "words": ""}, status=400)
    assert "cần lý do" in page
    page = said(tracer, f"{one}/decide", {"state": "dismissed", "words": "đứng ngoài cổng"})
    assert "loại bỏ" in page
    page = said(tracer, f"{one}/decide", {"state": "handed_over", "words": "nhà ở T02"}, status=400)
    assert "cần địa bàn nhận" in page
    said(tracer, f"{one}/note", {"words": "đã nhắn tin"})
    said(tracer, f"{one}/area", {"area": "T01"})
    assert "đã nhắn tin" in tracer.get(one).text
    kept = tracer.get(f"{AT}/results").text
    assert "loại bỏ" in kept


def test_milestones_are_confirmed_corrected_and_told(known: Clinic) -> None:
    tracer = known.browser("tracer")
    page = tracer.get(f"{AT}/milestones").text
    assert '<g class="stay proposed">' in page
    first = known.office.desk().milestones(CASE)[0]
    page = said(tracer, f"{AT}/milestones/{first.id}/decide", {"state": "confirmed", "note": ""})
    assert '<g class="stay confirmed">' in page
    assert (
        said(tracer, f"{AT}/milestones/{first.id}/decide", {"state": "replaced"}, status=400).count(
            'role="alert"'
        )
        == 1
    )
    edit = tracer.get(f"{AT}/milestones?edit={first.id}").text
    assert f'name="instead" value="{first.id}"' in edit
    told = {"instead": str(first.id), "venue": "cho-mot", "since": "2026-03-05T05:00"}
    page = said(tracer, f"{AT}/milestones", told | {"closing": "on"})
    assert "lời kể" in page
    told = {
        "person": first.person,
        "words": "đám cưới",
        "since": "2026-03-07T18:00",
        "until": "2026-03-07T17:00",
    }
    page = said(tracer, f"{AT}/milestones", told, status=400)
    assert 'value="đám cưới"' in page
    page = said(tracer, f"{AT}/milestones", told | {"until": "2026-03-07T21:00"})
    assert "đám cưới" in page
    assert "đã thay" in tracer.get(f"{AT}/milestones?all=1").text


def test_a_preview_says_counts_in_fives_and_nobody(known: Clinic) -> None:
    tracer = known.browser("tracer")
    refs = {each.ref for each in known.office.desk().contacts(CASE)}
    page = said(tracer, f"{AT}/preview", {"min_overlap": "60"}, status=200)
    counts = re.findall(r"<dd>(\d+|dưới 5)</dd>", page)
    assert len(counts) == 3
    assert all(count == "dưới 5" or int(count) % 5 == 0 for count in counts)
    assert not [ref for ref in refs if ref in page]
    page = said(tracer, f"{AT}/preview", {"min_overlap": "a while"}, status=400)
    assert "phút" in page
    assert 'value="a while"' in page


def test_what_is_new_is_shown_until_it_was_seen(known: Clinic) -> None:
    tracer = known.browser("tracer")
    assert "Thêm:" in tracer.get(AT).text
    assert "Thêm:" in tracer.get(AT).text, "a look at the page changes nothing"
    assert "Không có gì mới" in said(tracer, f"{AT}/seen", {})
    assert known.office.days.deliver() > 0
    page = said(tracer, f"{AT}/evaluate", {})
    assert "đã nhận đủ" in page
    assert "Thêm:" in known.browser("colleague").get(AT).text


def test_a_kept_result_is_shown_with_its_ground(known: Clinic) -> None:
    tracer = known.browser("tracer")
    number = known.office.desk().show(CASE).evaluated
    assert "chưa kiểm chữ ký" in tracer.get(f"{AT}/results/{number}").text
    known.trust(known.office.sign.public_key())
    assert "chữ ký đúng" in tracer.get(f"{AT}/results/{number}").text
    known.trust(Ed25519PrivateKey.generate().public_key())
    assert "chữ ký không khớp" in tracer.get(f"{AT}/results/{number}").text
    assert tracer.get(f"{AT}/results/999").status_code == 404


def test_a_closed_case_is_read_and_not_changed(known: Clinic) -> None:
    tracer = known.browser("tracer")
    assert "Ca đã đóng" not in tracer.get(f"{AT}/preview").text
    assert "Đã đóng" in said(tracer, f"{AT}/close", {"words": "âm tính"})
    assert f'href="{AT}"' not in tracer.get("/cases").text
    assert f'href="{AT}"' in tracer.get("/cases?closed=1").text
    ref = known.office.desk().contacts(CASE)[0].ref
    for path in ("", "/people", "/milestones", "/contacts", f"/contacts/{ref}", "/preview"):
        page = tracer.get(AT + path)
        assert page.status_code == 200
        assert '<form class="form"' not in page.text
    assert submit(tracer, f"{AT}/evaluate", page="/account").status_code == 409


def test_without_the_vault_nothing_is_lost_and_the_page_says_so(
    office: Office, tmp_path: Path
) -> None:
    office.with_seller()
    tracer = Clinic(office, tmp_path, away=True).browser("tracer")
    find = {"kind": "phone", "number": SELLER_PHONE, "purpose": "tìm F0"}
    page = said(tracer, f"{AT}/find", find, status=503)
    assert "Kho danh tính không trả lời" in page
    assert "Kho danh tính không trả lời" in said(tracer, f"{AT}/evaluate", {}, status=503)


@pytest.mark.parametrize(("path", "most"), [("/cases", 13), (AT, 40), (f"{AT}/contacts", 28)])
def test_pages_ask_the_database_as_often_for_many_as_for_few(
    known: Clinic, path: str, most: int
) -> None:
    tracer = known.browser("tracer")
    for number in range(30):
        known.office.desk().begin(f"CA-{number}", lab_ref="XN")
    tracer.get(path)

    with counted(known.office.engine) as asked:
        assert tracer.get(path).status_code == 200
    assert len(asked) <= most, "\n".join(asked)


def test_links_to_who_became_an_index_person_or_left_lead_somewhere(known: Clinic) -> None:
    browser, desk = known.browser("tracer"), known.office.desk()
    _, found = desk.evaluate(CASE)
    said(browser, f"{AT}/seen", {})
    first = next(each for each in found.contacts if each.role == "F1")
    desk.add_index(CASE, first.visitor, "dương tính")
    answer = browser.get(f"{AT}/contacts/{first.ref}")
    assert (answer.status_code, answer.location) == (303, f"{AT}/people")
    for each in desk.milestones(CASE):
        desk.decide_milestone(CASE, each.id, "rejected")
    desk.evaluate(CASE)
    page = browser.get(AT).text
    gone = page[page.index("<strong>Bớt") :]
    refs = set(re.findall(r'contacts/(\w{6})"', page))
    there = {each.ref for each in desk.contacts(CASE)}
    assert '<span class="ref">' in gone
    assert refs <= there
    assert browser.get(f"{AT}/contacts/KHONGC").status_code == 404
