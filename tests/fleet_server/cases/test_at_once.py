"""Several work on one case at the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from fleet_server.cases.desk import CaseDesk
from fleet_server.errors import Already
from tests.fleet_server.cases.conftest import CASE, Office

TRACERS = 4


def at_once(office: Office, do: Callable[[CaseDesk], object]) -> list[object]:
    """What came of it for each of them: an answer, or what was raised."""
    barrier, desks = Barrier(TRACERS), [office.desk() for _ in range(TRACERS)]

    def work(desk: CaseDesk) -> object:
        barrier.wait()
        try:
            return do(desk)
        except Already as problem:
            return problem

    with ThreadPoolExecutor(TRACERS) as pool:
        return list(pool.map(work, desks))


def test_they_evaluate_and_all_get_the_same_list(office: Office) -> None:
    office.with_seller()
    at_once(office, lambda desk: desk.evaluate(CASE))
    lists = [
        [each["ref"] for each in office.desk().result(CASE, number, None).content["contacts"]]
        for number, *_ in office.desk().results(CASE)
    ]
    now = {each.ref for each in office.desk().contacts(CASE)}
    assert now
    assert {frozenset(each) for each in lists} == {frozenset(now)}


def test_they_add_the_same_index_person_and_one_of_them_does(office: Office) -> None:
    desk = office.opened()
    visitor = desk.find(CASE, "phone", "0900000001", "tìm F0")[0]
    came = at_once(office, lambda desk: desk.add_index(CASE, visitor, "dương tính"))
    assert sum(isinstance(each, Already) for each in came) == TRACERS - 1
    assert len(office.desk().show(CASE).index) == 1


def test_they_correct_one_milestone_and_one_correction_stands(office: Office) -> None:
    office.with_seller()
    office.desk().evaluate(CASE)
    first = office.desk().milestones(CASE)[0].id
    text = "cho-mot,2026-03-06T06:00,closing"
    came = at_once(office, lambda desk: desk.correct_milestone(CASE, first, text))
    assert sum(isinstance(each, Already) for each in came) == TRACERS - 1
    assert sum(each.source == "by_hand" for each in office.desk().milestones(CASE)) == 1
