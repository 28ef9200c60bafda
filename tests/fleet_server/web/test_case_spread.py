"""Who may have infected whom, and where they all were: drawn, said in words, grouped when many."""

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from fleet_server.cases.spread import Passing, Spread
from fleet_server.web.case import drawings, grouping
from fleet_server.web.case.shared import chance
from tests.fleet_server.cases.conftest import CASE, Office, office
from tests.fleet_server.people import submit
from tests.fleet_server.web.clinic import Clinic
from tests.support.queries import counted

__all__ = ["office"]
AT = f"/cases/{CASE}"
PLACES = ("cho", "truong", "quan", "benh-vien")


@pytest.fixture
def known(office: Office, tmp_path: Path) -> Clinic:
    office.with_seller()
    office.desk().evaluate(CASE)
    return Clinic(office, tmp_path)


met = st.tuples(
    st.integers(1, 7),
    st.sampled_from("ABC"),
    st.integers(0, 9000),
    st.sampled_from([*((place,) for place in PLACES), ("cho", "truong")]),
)
"""Which of the first three of the ring before (bits), and how."""


@st.composite
def spreads(draw: st.DrawFn) -> Spread:
    """Cases as an evaluation leaves them: each contact by the ring before its own."""
    above = [f"0-{n}" for n in range(draw(st.integers(1, 3)))]
    roles, passings = dict.fromkeys(above, "F0"), []
    for ring in (1, 2):
        below = {f"{ring}-{n}": how for n, how in enumerate(draw(st.lists(met, max_size=20)))}
        for ref, (bits, tier, seconds, places) in below.items() if above else ():
            sources = {above[n % len(above)] for n in range(3) if bits >> n & 1}
            passings += [Passing(source, ref, tier, seconds, places) for source in sources]
        roles |= dict.fromkeys(below, f"F{ring}")
        above = list(below)
    passings.sort(key=lambda each: each.order)
    return Spread(roles, passings)


@given(spreads(), st.sampled_from([grouping.PERSON, grouping.PLACE, grouping.TIER]))
def test_everybody_is_drawn_once_whatever_they_are_grouped_by(spread: Spread, by: str) -> None:
    found = grouping.grouped(spread, by, most=6)
    contacts = {each.contact for each in spread.passings}
    assert found.people == len(contacts)
    sizes = Counter(role for ref, role in spread.roles.items() if role == "F0" or ref in contacts)
    for number, ring in enumerate(found.rings):
        assert len(ring) <= 6
        assert sum(group.people for group in ring) == sizes[f"F{number}"]
    for each in found.between:
        assert 1 <= each.people <= each.target.people
        assert each.target.ring == each.source.ring + 1


@given(spreads())
def test_a_line_carries_the_closest_tier_between_its_ends(spread: Spread) -> None:
    found = grouping.grouped(spread, grouping.PERSON, most=1000)
    drawn = {(each.source.name, each.target.name): each.tier for each in found.between}
    assert drawn == {(each.source, each.contact): each.tier for each in spread.passings}


@given(spreads(), st.sampled_from(PLACES))
def test_one_place_is_drawn_with_whom_they_met_there(spread: Spread, place: str) -> None:
    found = grouping.grouped(spread, grouping.PERSON, most=1000, place=place)
    there = {
        each.contact
        for each in spread.passings
        if place in each.places and spread.roles[each.contact] == "F1"
    }
    drawn = {group.name for group in found.rings[1]} if len(found.rings) > 1 else set()
    assert drawn == there


def test_nodes_keep_apart_and_lines_end_in_them() -> None:
    columns = [["a"], ["b", "c", "d"], ["e", "f"]]
    graph = drawings.graph(columns, [("a", "c", "A", "x"), ("d", "f", "B", "y")])
    places = {node.key: (node.x, node.y) for node in graph.nodes}
    assert all(0 < x < 100 and 0 < y < graph.height for x, y in places.values())
    for column in columns:
        heights = [places[key][1] for key in column]
        gaps = [after - before for before, after in itertools.pairwise(heights)]
        assert all(gap >= drawings.LANE for gap in gaps)
    assert [(edge.x1, edge.y1, edge.x2, edge.y2) for edge in graph.edges] == [
        places["a"] + places["c"],
        places["d"] + places["f"],
    ]
    assert drawings.graph([], []).height == 0


def test_a_case_is_drawn_and_said_in_words(known: Clinic) -> None:
    tracer = known.browser("tracer")
    page = tracer.get(f"{AT}/spread").text
    assert "cho-mot" in page
    contacts = known.office.desk().contacts(CASE)
    drawn = re.search(r"([\d.]+) người tiếp xúc trong hình", page)
    assert drawn is not None
    assert int(drawn[1]) == sum(bool(each.tier) for each in contacts)
    single = tracer.get(f"{AT}/spread?by=person").text
    assert f'{AT}/contacts/{contacts[0].ref}" aria-label="F1 {contacts[0].ref}"' in single
    assert 'aria-label="F1 người khác, ' in single
    assert tracer.get(f"{AT}/contacts/{contacts[0].ref}").status_code == 200
    assert "A – chắc chắn" in tracer.get(f"{AT}/spread?by=tier").text
    assert "Không ai khớp" in tracer.get(f"{AT}/spread?place=nowhere").text
    assert known.browser("far").get(f"{AT}/spread").status_code == 404


def test_a_case_without_contacts_says_what_to_do(office: Office, tmp_path: Path) -> None:
    office.opened()
    tracer = Clinic(office, tmp_path).browser("tracer")
    assert "Chưa có gì để vẽ" in tracer.get(f"{AT}/spread").text
    assert "Cần ít nhất hai người" in tracer.get(f"{AT}/shared").text


def test_shared_places_are_set_against_chance_and_on_record(known: Clinic) -> None:
    tracer = known.browser("tracer")
    people = [each.ref for each in known.office.desk().contacts(CASE)[:5]]
    answer = submit(tracer, f"{AT}/shared", {"person": people}, page="/account")  # type: ignore[dict-item]
    assert answer.status_code == 200
    assert "cho-mot" in answer.text
    assert answer.text.count(" checked>") == 5
    assert not re.findall(r"\bP\d+\b", answer.text), "people are said as the case knows them"
    assert "hỏi nơi chung" in tracer.get("/my-record").text
    alone = submit(tracer, f"{AT}/shared", {"person": people[:1]}, page="/account")  # type: ignore[dict-item]
    assert (alone.status_code, 'role="alert"' in alone.text) == (400, True)
    assert known.browser("far").get(f"{AT}/shared").status_code == 404


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.62, "62 %"), (0.05, "5 %"), (0.02, "1 trên 50"), (1 / 3210, "1 trên 3.200")],
    ids=str,
)
def test_chance_is_said_as_people_say_it(probability: float, words: str) -> None:
    with Flask(__name__).test_request_context():
        assert chance(probability) == words


@pytest.mark.parametrize("path", ["/spread", "/shared"])
def test_drawings_ask_no_question_per_person(known: Clinic, path: str) -> None:
    tracer = known.browser("tracer")
    assert len(known.office.desk().contacts(CASE)) > 20

    with counted(known.office.engine) as asked:
        assert tracer.get(AT + path).status_code == 200
    assert len(asked) <= 28, "\n".join(asked)
