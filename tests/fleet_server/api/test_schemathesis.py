"""Every operation of the published document, asked what nobody thought of, by all who may ask."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.schemas import BaseSchema
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.api.operations import PREFIX
from fleet_server.api.v1 import OPERATIONS
from fleet_server.auth.permissions import GRANTS
from tests.fleet_server.api.hall import PEOPLE, Hall
from tests.fleet_server.cases.conftest import CASE, LAB
from tests.support.market_days import SELLER_OLD_CODE, SELLER_PHONE

pytestmark = pytest.mark.slow

SETTINGS: Final = settings(
    derandomize=True,
    max_examples=5,  # of each operation, beside those that cover its document
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NEEDED: Final = {op.name: op.permission for op in OPERATIONS}
READERS_WORDS: Final = re.compile("Expected `|Object (missing|contains)|no such (field|parameter)")
"""How a request is refused that is not as the document has it."""
REFUSED: Final = {
    *("add_index", "decide_milestone"),  # it is so already: 409
    *("remove_index", "review_opening"),  # their numbers are other people's and requests'
    "close_case",  # glass was broken, and nobody reviewed it
}
"""What does not succeed with what is there; their successes are in test_cases."""

Fill = Callable[[schemathesis.Case], None]


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """What differs between databases is tested beside what asks them."""
    engine = database.connect(sqlite_url)
    yield engine
    engine.dispose()


@pytest.fixture
def schema(hall: Hall) -> BaseSchema:
    hall.evaluated()
    found = schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", hall.app)
    # What the document allows may still break a rule that no schema says: 400, in the rule's words.
    found.config.checks.positive_data_acceptance.expected_statuses.append("400")
    return found


def test_what_is_drawn_is_answered_as_published(schema: BaseSchema, hall: Hall) -> None:
    ask_all(schema, hall, lambda _case: None)


def test_what_is_there_is_answered_as_published(schema: BaseSchema, hall: Hall) -> None:
    """Where the document allows anything, what is there is put: every operation succeeds."""
    of_case = f"/cases/{CASE}"
    index = hall.get("tracer", of_case)["index"][0]["ref"]
    contact = hall.get("tracer", f"{of_case}/contacts", limit=1)["contacts"][0]["ref"]
    path = {"case": CASE, "person": contact, "number": 1, "venue": "cho-mot"}
    there = {"ref": "CA-9", "person": index, "persons": [contact], "lab_ref": LAB, "area": "T01"}
    there |= {"visitor": "P1", "other": "P2", "visitors": ["P1", "P2"], "venue": "cho-mot"}
    there |= {"first": "P1", "second": "P3", "insurance": SELLER_OLD_CODE, "phone": SELLER_PHONE}
    there |= {"from": "2026-03-01", "to": "2026-03-10", "since": "2026-03-05", "day": "2026-03-05"}
    there |= {"stay": "cho-mot,2026-03-05T08:00,2026-03-05T09:00"}
    there |= dict.fromkeys(("purpose", "words", "reason", "verdict", "note"), "vì truy vết")
    there |= dict.fromkeys(("onset", "isolated", "as_of", "rule", "opening", "document"))
    query = there | {"stay": [there["stay"]], "person": contact}

    def put(case: schemathesis.Case) -> None:
        put_in(case, ParameterLocation.PATH, case.path_parameters, path)
        put_in(case, ParameterLocation.QUERY, case.query, query)
        put_in(case, ParameterLocation.BODY, case.body, there)

    assert set(NEEDED) - ask_all(schema, hall, put) == REFUSED


def put_in(
    case: schemathesis.Case, location: ParameterLocation, drawn: object, there: dict[str, Any]
) -> None:
    """Puts what is there in place of what was drawn, where that is valid; None: leaves it out."""
    component = case.meta.components.get(location)
    if component is None or component.mode.is_negative or not isinstance(drawn, dict):
        return
    for name in drawn.keys() & there.keys():
        if there[name] is None:
            del drawn[name]
        else:
            drawn[name] = there[name]


def ask_all(schema: BaseSchema, hall: Hall, fill: Fill) -> set[str]:
    """Names of the operations that succeeded; raises all that went wrong together."""
    seen: Counter[tuple[str, int]] = Counter()
    problems = []
    operations = [found.ok() for found in schema.get_all_operations()]
    # Nothing happens in a closed case any more.
    for operation in sorted(operations, key=lambda each: each.path.endswith("/close")):

        def ask(case: schemathesis.Case) -> None:
            fill(case)
            ask_one(hall, case, seen)

        test = create_test(
            operation=operation,
            test_func=ask,
            config=HypothesisTestConfig(
                project=schema.config, modes=list(HypothesisTestMode), settings=SETTINGS
            ),
        )
        try:
            test()
        except (AssertionError, FailureGroup) as problem:
            problem.add_note(operation.label)
            problems.append(problem)
    if problems:
        raise BaseExceptionGroup("answered otherwise than as published", problems)
    return {name for name, status in seen if status == 200}


def ask_one(hall: Hall, case: schemathesis.Case, seen: Counter[tuple[str, int]]) -> None:
    """As somebody who may, and as somebody who may not; each answer keeps to the document."""
    name = case.operation.definition.raw["operationId"]
    may = [who for who, (_, role, _, _) in PEOPLE.items() if NEEDED.get(name) in GRANTS[role]]
    for who in [*may[:1], *(who for who in PEOPLE if who not in may)][:2]:
        hall.office.now_ms += 100_000
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {hall.codes[who]}"})
        assert b"Traceback" not in answer.content
        if case.method == case.operation.method.upper():
            seen[name, answer.status_code] += 1
        if answer.status_code == 400 and case.meta.generation.mode.is_positive:
            assert not READERS_WORDS.search(answer.text), answer.text
