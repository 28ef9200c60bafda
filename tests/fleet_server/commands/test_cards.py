"""Cards for a whole table, and cards on paper, by command."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image

from fleet_server.commands import shared
from fleet_server.fleet import card_print, lettering
from fleet_server.fleet.card_print import Face
from tests.fleet_server.homes import Home

TABLE = """\
Họ và tên;SĐT;Phường/Xã;In
Nguyễn Văn Mẫu;0900000001;Phường Thử;có
Trần Thị Ví Dụ;0900000002;Xã Mẫu;
Đặng Thị Ước;0900000003;Xã Mẫu;Bà Ước, quầy 17
"""
MM = 72 / 25.4

needs_font = pytest.mark.skipif(
    not (lettering.FONTS / lettering.REGULAR).exists(), reason="fonts-dejavu-core is missing"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "khach.csv"
    path.write_text(TABLE, "utf-8-sig")
    return path


def issue(home: Home, table: Path, *args: str) -> Any:
    return home.json("card", "issue", "--batch", str(table), *args)


def page(path: Path, number: int, *, dots_per_inch: int) -> Image.Image:
    return pypdfium2.PdfDocument(path)[number].render(scale=dots_per_inch / 72).to_pil()


def test_a_table_read_twice_issues_nobody_a_second_card(home: Home, table: Path) -> None:
    first = issue(home, table)
    second = issue(home, table)
    assert (first["issued"], first["already"]) == (3, 0)
    assert (second["issued"], second["already"]) == (0, 3)
    assert second["batch"] == first["batch"]
    assert [each["text"] for each in second["cards"]] == [each["text"] for each in first["cards"]]
    assert [each["visitor"] for each in second["cards"]] == [
        each["visitor"] for each in first["cards"]
    ]


def test_a_corrected_and_longer_table_issues_only_what_is_new(home: Home, table: Path) -> None:
    first = issue(home, table)
    lines = TABLE.splitlines()
    table.write_text("\n".join([lines[0], "Lê Thị Mới;0900000009;;", *reversed(lines[1:])]))
    second = issue(home, table)
    assert (second["issued"], second["already"]) == (1, 3)
    assert {each["id"] for each in first["cards"]} < {each["id"] for each in second["cards"]}


def test_again_and_a_batch_id_of_ones_own_decide_otherwise(home: Home, table: Path) -> None:
    first = issue(home, table)
    again = issue(home, table, "--again")
    assert again["issued"] == 3
    assert again["batch"] != first["batch"]
    assert issue(home, table)["issued"] == 0
    assert issue(home, table, "--batch-id", first["batch"])["already"] == 3
    assert "32 of" in home.fails("card", "issue", "--batch", str(table), "--batch-id", "x")


def test_bad_rows_are_told_by_line_and_the_rest_is_issued(home: Home, table: Path) -> None:
    table.write_text(TABLE + "Lê Hỏng;12;;\n;0900000005;;\n")
    said = home.fails("card", "issue", "--batch", str(table))
    assert "line 5: phone" in said
    assert "line 6: name" in said
    assert issue_count(home) == 3


def issue_count(home: Home) -> int:
    with sqlite3.connect(home.path / "fleet.sqlite3") as database:
        count: int = database.execute("SELECT count(*) FROM card_identities").fetchone()[0]
        return count


def test_a_batch_cut_short_is_taken_up_where_it_stopped(
    home: Home, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"Người Mẫu {number};{900000000 + number:010d};;" for number in range(7)]
    table.write_text("\n".join([TABLE.splitlines()[0], *names]))
    monkeypatch.setattr("fleet_server.fleet.card_batch.AT_ONCE", 2)
    from fleet_server.fleet.card_batch import Issuer

    whole = Issuer.issue
    pieces: list[int] = []

    def stumbling(self: Issuer, *args: Any, **options: Any) -> Any:
        made = whole(self, *args, **options)
        pieces.append(len(made))
        if len(pieces) == 3:
            raise KeyboardInterrupt  # after its rows, before their commit
        return made

    monkeypatch.setattr(Issuer, "issue", stumbling)
    assert home.run("card", "issue", "--batch", str(table)).exit_code != 0
    assert issue_count(home) == 4
    monkeypatch.setattr(Issuer, "issue", whole)
    done = issue(home, table)
    assert (done["issued"], done["already"]) == (3, 4)
    assert issue_count(home) == 7


def test_no_name_of_a_table_stands_in_clear(home: Home, table: Path) -> None:
    made = issue(home, table)
    stored = b"".join(path.read_bytes() for path in home.path.glob("fleet.sqlite3*"))
    for secret in ("Mẫu", "0900000001", *(each["id"] for each in made["cards"])):
        assert secret.encode() not in stored
    beside = table.with_name("khach.csv.batch")
    assert beside.read_text().strip() == made["batch"]
    assert beside.stat().st_mode & 0o077 == 0


@needs_font
def test_a_revoked_card_of_a_table_is_not_printed_again(
    home: Home, table: Path, tmp_path: Path
) -> None:
    first = issue(home, table)
    home.ok("card", "revoke", first["cards"][0]["id"])
    out = tmp_path / "the.pdf"
    second = issue(home, table, "--pdf", str(out), "--sheet", "card")
    assert [each["revoked"] for each in second["cards"]] == [True, False, False]
    assert len(pypdfium2.PdfDocument(out)) == 2


@needs_font
def test_a_sheet_holds_ten_cards_whose_codes_and_words_can_be_read(
    home: Home, tmp_path: Path
) -> None:
    lines = [f"Người Mẫu số {number};090000000{number % 10};Xã {number};có" for number in range(12)]
    table = tmp_path / "khach.csv"
    table.write_text("\n".join([TABLE.splitlines()[0], *lines]))
    out = tmp_path / "the.pdf"
    made = issue(home, table, "--pdf", str(out))
    document = pypdfium2.PdfDocument(out)
    assert len(document) == 2
    assert [round(side / MM) for side in document[0].get_size()] == [210, 297]
    read = [
        {code.text for code in zxingcpp.read_barcodes(page(out, at, dots_per_inch=150))}
        for at in range(2)
    ]
    texts = [each["text"] for each in made["cards"]]
    assert read == [set(texts[:10]), set(texts[10:])]
    words = document[0].get_textpage().get_text_range()
    for word in ("Người Mẫu số 9", "Trạm", "Đưa mã trước trạm quét", "Mất thẻ", "Thẻ khách"):
        assert word in words
    assert card_print.number(made["cards"][0]["id"]) in words
    assert out.stat().st_mode & 0o077 == 0
    assert "not overwritten" in home.fails("card", "issue", "--pdf", str(out))


@needs_font
def test_a_single_card_has_its_size_a_large_code_and_only_wanted_words(
    home: Home, table: Path, tmp_path: Path
) -> None:
    out = tmp_path / "the.pdf"
    made = issue(home, table, "--pdf", str(out), "--sheet", "card")
    document = pypdfium2.PdfDocument(out)
    words = [document[at].get_textpage().get_text_range() for at in range(3)]
    assert "Nguyễn Văn Mẫu" in words[0]
    assert "Ví Dụ" not in words[1]
    assert "Bà Ước" in words[2]
    for at in range(3):
        assert [round(side / MM) for side in document[at].get_size()] == [85, 54]
        picture = page(out, at, dots_per_inch=254)  # ten dots to the millimetre
        (code,) = zxingcpp.read_barcodes(picture)
        assert code.text == made["cards"][at]["text"]
        corners = code.position
        assert (corners.top_right.x - corners.top_left.x) / 10 >= 30
        quiet = picture.convert("L").crop(
            (corners.top_left.x - 30, corners.top_left.y - 30, corners.top_left.x - 5, 500)
        )
        extrema = quiet.getextrema()
        assert extrema == (255, 255), "the quiet zone is not white"


@needs_font
def test_a_card_is_printed_by_the_text_of_its_code(home: Home, tmp_path: Path) -> None:
    first, second = home.json("card", "issue", "--count", "2")["cards"]
    out, png = tmp_path / "the.pdf", tmp_path / "ma.png"
    home.ok("card", "print", first["text"].lower(), "--name", "Mẫu", "--pdf", str(out))
    home.ok("card", "print", first["text"], second["text"], "--png", str(png))
    (code,) = zxingcpp.read_barcodes(page(out, 0, dots_per_inch=150))
    assert code.text == first["text"]
    (alone,) = zxingcpp.read_barcodes(Image.open(tmp_path / "ma-2.png"))
    assert alone.text == second["text"]


def test_what_cannot_be_printed_is_named(home: Home, tmp_path: Path) -> None:
    out = str(tmp_path / "the.pdf")
    assert "text of its code" in home.fails("card", "print", "TRAM1X", "--pdf", out)
    assert "--pdf" in home.fails("card", "print", "TRAM1X", status=2)
    nowhere = str(tmp_path / "none")
    said = home.fails("card", "issue", "--pdf", out, "--fonts", nowhere)
    assert "fonts-dejavu-core" in said
    assert home.ok("audit", "show").count("card.issued") == 0
    assert "one card" in home.fails(
        *("card", "issue", "--name", "X", "--batch", __file__), status=2
    )


@needs_font
def test_a_servers_log_tells_nothing_of_how_a_card_was_drawn(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.NOTSET, "fontTools")
    shared.log_to_terminal()
    with caplog.at_level(logging.INFO):
        card_print.pdf([Face("TRAM1AAAA", "0000 0000", "Mẫu")], sheet="card")
    assert caplog.messages == []
