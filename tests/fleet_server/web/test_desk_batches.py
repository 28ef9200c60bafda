"""Cards for a whole table at a page: nobody gets two, and whoever made it gets them to print."""

import io
import time

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from fleet_server.auth.permissions import Role
from fleet_server.errors import VaultAway
from fleet_server.fleet import card_jobs
from fleet_server.identity.vault import Vault
from fleet_server.models import CardBatch, CardBatchPiece, Credential
from fleet_server.privacy import retention
from fleet_server.web.desk import batches
from tests.fleet_server.people import ORIGIN, signed_in, submit, token_of
from tests.fleet_server.web.counter import Counter
from tests.fleet_server.web.test_desk_cards import needs_font

HEAD = "Họ và tên;SĐT;Phường/Xã;In\n"
TABLE = HEAD + "Nguyễn Văn Mẫu;0900000001;Phường Thử;có\nTrần Thị Ví Dụ;0900000002;Xã Mẫu;\n"
MANY = HEAD + "".join(f"Người Mẫu {number};{900000000 + number:010d};;\n" for number in range(120))


def upload(
    client: FlaskClient, table: str | bytes = TABLE, *, name: str = "Lớp 1A", file: str = "a.csv"
) -> TestResponse:
    content = table if isinstance(table, bytes) else table.encode("utf-8-sig")
    data = {
        "csrf_token": token_of(client),
        "name": name,
        "table": (io.BytesIO(content), file),
    }
    return client.post("/desk/batches", data=data, headers=ORIGIN)


def done(client: FlaskClient, answer: TestResponse) -> str:
    """The path of a batch once nobody works on it any more."""
    assert answer.status_code == 303, answer.text
    for _ in range(600):
        if client.get(f"{answer.location}/state").get_json()["state"] != "working":
            return str(answer.location)
        time.sleep(0.02)
    raise AssertionError("it goes on and on")


def issued(desk: Counter) -> int:
    with desk.world.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(Credential)) or 0


def test_everybody_in_a_table_gets_one_card_and_no_second_one(desk: Counter) -> None:
    clerk = desk.clerk()
    page = clerk.get(done(clerk, upload(clerk))).text
    assert "Xong" in page
    longer = TABLE + "Lê Thị Mới;;;\n"
    again = clerk.get(done(clerk, upload(clerk, longer))).text
    assert "Mới: 1; đã có từ trước: 2" in again
    assert issued(desk) == 3
    other = clerk.get(done(clerk, upload(clerk, name="Lớp 1B"))).text
    assert "Mới: 2" in other


def test_no_name_stands_in_clear_in_the_database_or_the_log(desk: Counter) -> None:
    clerk = desk.clerk()
    done(clerk, upload(clerk))
    with desk.world.engine.connect() as connection:
        pieces = connection.execute(select(CardBatchPiece.sealed)).scalars().all()
        batches = str(connection.execute(select(CardBatch.__table__)).all())
    for text in (*map(str, pieces), batches, str(desk.log())):
        assert "Ví Dụ" not in text
        assert "0900000002" not in text
    assert any(line["action"] == "cards.uploaded" for line in desk.log())


def test_bad_rows_are_told_by_line_and_in_words(desk: Counter) -> None:
    clerk = desk.clerk()
    page = clerk.get(done(clerk, upload(clerk, TABLE + "Lê Hỏng;12;;\n;0900000005;;\n"))).text
    assert "8 đến 15 chữ số" in page
    assert "thiếu tên" in page
    assert issued(desk) == 2


@pytest.mark.parametrize(
    ("table", "file", "said"),
    [
        ("", "a.csv", "trống"),
        ("Tuổi\n7\n", "a.csv", "không hiểu cột"),
        (b"no zip", "a.xlsx", "không đọc được"),
        (HEAD + ";0900000001;;\n", "a.csv", "dòng 2"),
        (TABLE, "", "hãy chọn tệp"),
    ],
)
def test_what_is_no_table_is_said(desk: Counter, table: str | bytes, file: str, said: str) -> None:
    answer = upload(desk.clerk(), table, file=file)
    assert answer.status_code == 400
    assert said in answer.text
    assert "Lớp 1A" in answer.text


def test_the_template_can_be_uploaded_as_it_is(desk: Counter) -> None:
    clerk = desk.clerk()
    for kind in ("csv", "xlsx"):
        content = clerk.get(f"/desk/batches/template.{kind}").data
        page = clerk.get(done(clerk, upload(clerk, content, file=f"mau.{kind}"))).text
        assert "Xong" in page
    assert issued(desk) == 2
    assert load_workbook(io.BytesIO(content)).active["A1"].value == "Họ và tên"
    assert clerk.get("/desk/batches/template.exe").status_code == 404


def test_cut_off_it_goes_on_where_it_stopped(
    desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Vault.answer
    asked = []

    def stumbling(self: Vault, line: bytes, *, uid: int) -> object:
        asked.append(line)
        if len(asked) == 2:
            raise VaultAway("kho danh tính không trả lời / the vault does not answer")
        return whole(self, line, uid=uid)

    monkeypatch.setattr(Vault, "answer", stumbling)
    clerk = desk.clerk()
    path = done(clerk, upload(clerk, MANY))
    page = clerk.get(path).text
    assert "Đã dừng" in page
    assert "kho danh tính không trả lời" in page
    assert issued(desk) == 50
    submit(clerk, f"{path}/go-on")
    for _ in range(500):
        if clerk.get(f"{path}/state").get_json()["state"] == "finished":
            break
        time.sleep(0.02)
    assert "Mới: 120" in clerk.get(path).text
    assert issued(desk) == 120


def test_only_one_works_on_it(desk: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever works on it gives it back after its last piece shows: so here nobody does.
    monkeypatch.setattr(batches, "_start", lambda number: None)
    clerk = desk.clerk()
    path = done(clerk, upload(clerk))
    number, engine = int(path.rpartition("/")[2]), desk.world.engine
    assert card_jobs.claim(engine, number, now=1000)
    assert not card_jobs.claim(engine, number, now=1000)
    assert card_jobs.claim(engine, number, now=1000 + card_jobs.WORKING_S)


@needs_font
def test_its_cards_are_for_whoever_made_it_and_for_a_day(desk: Counter) -> None:
    clerk = desk.clerk()
    path = done(clerk, upload(clerk))
    content = clerk.get(f"{path}/cards/1").data
    picture = pypdfium2.PdfDocument(content)[0].render(scale=3).to_pil()
    assert len(zxingcpp.read_barcodes(picture)) == 2
    assert len(pypdfium2.PdfDocument(clerk.get(f"{path}/cards/1?sheet=card").data)) == 2
    for wrong in ("cards/2", "cards/0", "cards/1?sheet=a3"):
        assert clerk.get(f"{path}/{wrong}").status_code == 404
    colleague = signed_in(desk.world.stranger(), Role.VISITOR_DESK)
    for page in (path, f"{path}/cards/1", f"{path}/state"):
        assert colleague.get(page).status_code == 404
    assert path not in colleague.get("/desk/batches").text
    desk.world.clock.now += card_jobs.KEPT_S
    clerk = signed_in(desk.world.stranger(), Role.VISITOR_DESK)
    assert clerk.get(path).status_code == 404
    ran = retention.run(
        desk.world.engine, keep_days=30, now_ms=int(desk.world.clock() * 1000), actor="t"
    )
    assert ran.rows["card_batches"] == 1
    assert issued(desk) == 2


def test_the_list_can_be_deleted_at_once_and_the_cards_stay_good(desk: Counter) -> None:
    clerk = desk.clerk()
    path = done(clerk, upload(clerk))
    assert submit(clerk, f"{path}/forget").status_code == 303
    assert clerk.get(path).status_code == 404
    assert issued(desk) == 2


def test_only_this_form_takes_a_large_file_and_only_of_somebody_signed_in(desk: Counter) -> None:
    large = TABLE + ";;;\n" * 50_000
    clerk = desk.clerk()
    assert upload(clerk, large).status_code == 303
    assert upload(clerk, "a" * 5_000_000).status_code == 413
    data = {"csrf_token": token_of(clerk), "name": "a" * 200_000}
    assert clerk.post("/desk/cards", data=data, headers=ORIGIN).status_code == 413
    assert upload(desk.world.stranger(), large).status_code == 413
