"""Which records of a file are stays, and what is said of the others."""

from zoneinfo import ZoneInfo

import pytest

from fleet_server.tracing.import_rows import BadColumns, Columns, Row, SetAside, columns, read

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HEADER = "visitor,venue,entered_at,left_at\n"
CAP = 16 * 3600


def rows(text: str, named: Columns | None = None) -> list[Row | SetAside]:
    return list(read(text.splitlines(keepends=True), named or Columns(), ZONE))


def only(line: str) -> Row | SetAside:
    (found,) = rows(HEADER + line)
    return found


def test_a_row_is_a_stay() -> None:
    assert only("P1,cho,100,200\n") == Row("P1", "cho", 100, 200, False)


def test_an_empty_exit_is_unknown_and_so_is_a_missing_column() -> None:
    unknown = Row("P1", "cho", 100, None, False)
    assert only("P1,cho,100,\n") == unknown
    assert only("P1,cho,100, \n") == unknown
    assert rows("venue,entered_at,visitor\ncho,100,P1\n") == [unknown]


def test_times_are_iso_8601_or_epoch_seconds_with_fractions_cut() -> None:
    assert only("P1,cho,2026-01-05T08:30,2026-01-05T08:31+07:00") == Row(
        "P1", "cho", 1767576600, 1767576660, False
    )
    assert only("P1,cho,34260.0,34580.9") == Row("P1", "cho", 34260, 34580, False)


def test_references_are_taken_exactly_as_they_are_written() -> None:
    assert only('" P1 ","Chợ, ""Mơ"" ",100,200\n') == Row(" P1 ", 'Chợ, "Mơ" ', 100, 200, False)


def test_a_stay_is_cut_at_the_cap_and_says_so() -> None:
    assert only(f"P1,cho,0,{CAP}") == Row("P1", "cho", 0, CAP, False)
    assert only(f"P1,cho,0,{CAP + 1}") == Row("P1", "cho", 0, CAP, True)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("P1,cho,100,100", "left_at '100' is not after entered_at '100'"),
        ("P1,cho,100.2,100.9", "is not after"),
        ("P1,cho,200,100", "is not after"),
        (",cho,100,200", "visitor is missing"),
        ("  ,cho,100,200", "visitor is missing"),
        ("P1, ,100,200", "venue is missing"),
        ("P1,cho,,200", "entered_at is missing"),
        ("P1,cho,yesterday,200", "entered_at: 'yesterday' không phải"),
        ("P1,cho,100,1e3", "left_at: '1e3' không phải"),
        ("P1,cho,100", "too few fields: 3, the header has 4"),
        (f"{'x' * 201},cho,100,200", "visitor has 201 characters, expected up to 200"),
        (f"P1,{'x' * 65},100,200", "venue has 65 characters, expected up to 64"),
        ("P\x001,cho,100,200", "visitor 'P\\x001' has characters that cannot be printed"),
        ("P1,c\u202eho,100,200", "cannot be printed"),
    ],
)
def test_what_is_no_stay_is_set_aside_with_the_reason(line: str, reason: str) -> None:
    found = only(line)
    assert isinstance(found, SetAside)
    assert found.line == 2
    assert reason in found.reason


def test_a_record_is_named_by_the_line_it_begins_in() -> None:
    text = 'visitor,venue,entered_at,left_at,"no\nte"\nP1,cho,1,2,"a\nb"\n'
    text += '\n,cho,1,2,\nP2,"c\nd",1,2,\n'
    assert rows(text) == [
        Row("P1", "cho", 1, 2, False),
        SetAside(6, "visitor is missing"),
        SetAside(7, "venue 'c\\nd' has characters that cannot be printed"),
    ]


def test_a_quotation_mark_that_is_never_closed_swallows_nothing_unsaid() -> None:
    (good, bad) = rows(HEADER + 'P1,cho,1,2\nP2,cho,1,"2\nP3,cho,1,2\n')
    assert good == Row("P1", "cho", 1, 2, False)
    assert isinstance(bad, SetAside)
    assert bad.line == 3
    assert "through line 4" in bad.reason


def test_a_line_after_a_bad_one_is_read_again() -> None:
    bad, good = rows(HEADER + 'P1,"cho"x,1,2\nP2,cho,1,2\n')
    assert isinstance(bad, SetAside)
    assert good == Row("P2", "cho", 1, 2, False)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_and_line_ends_are_found_out(delimiter: str, end: str) -> None:
    text = (
        end.join(
            delimiter.join(line)
            for line in (("a,b", *Columns()), ("1;2", "P1", "cho", "100", "200"))
        )
        .replace("a,b", '"a,b"')
        .replace("1;2", '"1;2"')
    )
    assert rows(text) == [Row("P1", "cho", 100, 200, False)]


def test_columns_are_named_by_field_or_in_order() -> None:
    assert columns("visitor=who,venue=place,entered_at=entry,left_at=exit") == Columns(
        "who", "place", "entry", "exit"
    )
    assert columns("left_at=exit") == Columns(left_at="exit")
    assert columns(" who, place ,entry,exit") == Columns("who", "place", "entry", "exit")
    assert columns('who,"a,b",entry') == Columns("who", "a,b", "entry")


@pytest.mark.parametrize(
    "text",
    ["", "who", "a,b,c,d,e", "person=who", "visitor=", "visitor=a,visitor=b", "a,a,b,c", "a,,b"],
)
def test_columns_nobody_can_make_out_are_refused(text: str) -> None:
    with pytest.raises(BadColumns, match=r"--columns.*expected"):
        columns(text)


def test_a_missing_column_is_said_with_those_there_are() -> None:
    with pytest.raises(BadColumns, match=r"no column visitor, venue; the file has who, place, ent"):
        rows("who;place;entered_at\n")
    with pytest.raises(BadColumns, match=r"no column exit; the file has visitor, venue"):
        rows(HEADER, Columns(left_at="exit"))
    with pytest.raises(BadColumns, match="two columns venue"):
        rows("visitor,venue,venue,entered_at\n")
    with pytest.raises(BadColumns, match="no header"):
        rows("")
