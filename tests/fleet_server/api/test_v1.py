"""The API: what it answers, how it refuses, and that its document is true."""

from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from sqlalchemy import insert, select

from fleet_server import database
from fleet_server.api.operations import PREFIX, Operation, template
from fleet_server.api.v1 import OPERATIONS
from fleet_server.auth.permissions import Permission
from fleet_server.identity import audit
from fleet_server.models import AuditEntry, Scan, ScanKey, StaleVisits
from fleet_server.times import iso
from tests.fleet_server.people import NOW, World
from tests.support.world import NOON_MS, Place, new_person, store_one_scan

CONTACTS = f"{PREFIX}/trace/contacts"
WINDOW = {"from": "2026-01-01", "to": "2026-01-02"}


def get(world: World, path: str, who: str = "tracer", /, **query: object) -> tuple[int, Any]:
    """Status and JSON, the latter held to the published schema."""
    answer = world.stranger().get(path, query_string=query, headers=world.bearer(who))
    document = world.stranger().get(f"{PREFIX}/openapi.json").json
    assert document is not None
    name = "Problem"
    if answer.status_code == 200:
        template = path.replace("/cho-mau/", "/{venue}/")
        content = document["paths"][template]["get"]["responses"]["200"]["content"]
        name = content["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        assert answer.content_type == "application/json"
    else:
        assert answer.content_type == "application/problem+json"
    schema = document | {"$ref": f"#/components/schemas/{name}"}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(answer.json)
    return answer.status_code, answer.json


def passes(world: World, place: Place, name: str, *events: tuple[int, str]) -> str:
    """Somebody seen at a place at these minutes after noon; the person's reference."""
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        credential_id = new_person(connection, name=name)
        pseudonym_id = credential_id  # one each, made together
        for minute, direction in events:
            at_ms = NOON_MS + minute * 60_000
            counter = 1 + len(connection.execute(select(Scan.id)).all())
            values = {"kiosk_id": place.kiosk_id, "epoch": "e", "counter": counter}
            values |= {"venue_id": place.venue_id, "direction": direction, "boot": "b"}
            values |= dict.fromkeys(
                ("wall_ms", "corrected_ms", "earliest_ms", "latest_ms", "received_ms"), at_ms
            )
            values |= {"mono_ms": 1, "synced": True, "credential_id": credential_id}
            values |= {"label": "N***", "digest": b"d" * 32}
            key = connection.execute(insert(Scan).values(**values)).inserted_primary_key
            assert key is not None
            connection.execute(
                insert(ScanKey).values(scan_id=key[0], position=0, pseudonym_id=pseudonym_id)
            )
        connection.execute(insert(StaleVisits).values(person_id=credential_id, since_ms=0))
    return f"P{credential_id}"


def test_the_document_is_valid_openapi(world: World) -> None:
    document = world.stranger().get(f"{PREFIX}/openapi.json").json
    assert document is not None
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_names_every_route_and_no_other(world: World) -> None:
    document = world.stranger().get(f"{PREFIX}/openapi.json").json
    assert document is not None
    routed = {
        (template(rule.rule), method.lower())
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, verb) for path, item in document["paths"].items() for verb in item}
    assert described == routed


def test_every_list_is_paged_alike() -> None:
    """By `offset`, or where it is followed live by `after`; differences and series are whole."""
    pages = {"rules", "scans", "contacts", "stays", "secondary", "present", "common"}
    pages |= {op.name for op in OPERATIONS if op.name.startswith("list_")}
    for op in OPERATIONS:
        asked, told = (
            set(getattr(kind, "__struct_fields__", ())) for kind in (op.query, op.answer)
        )
        paged = {"limit", "after" if op.name == "scans" else "offset"}
        assert (paged <= asked) == ("limit" in asked) == ("more" in told) == (op.name in pages)


def test_nothing_takes_a_code_and_gives_history(world: World) -> None:
    """Whoever asks about a person asks by reference, as a tracer."""
    numbers = {"code", "card", "document", "insurance", "qr", "token", "phone", "number"}
    for op in OPERATIONS:
        asked, sent, told = (
            set(getattr(kind, "__struct_fields__", ())) for kind in (op.query, op.body, op.answer)
        )
        assert not asked & numbers
        # Numbers as they are read out, under a case, lead to references; a code leads nowhere.
        read_out = {"document", "insurance", "phone"} if op.name == "find_visitors" else set()
        assert sent & numbers == read_out
        if "visitor" in asked | sent | told:
            assert op.permission in (Permission.TRACE, Permission.CASES)
    person = passes(world, world.market, "a", (0, "in"), (60, "out"))
    for guess in ("TRAM1" + "A" * 142, "001099012345", "0901234567", "1", "p1", f"{person} "):
        status, problem = get(world, CONTACTS, visitor=guess, **WINDOW)
        assert status == 404
        assert "expected a reference such as P12" in problem["detail"]


def test_contacts_are_ranked_with_rule_gaps_and_as_of(world: World) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    long = passes(world, world.market, "b", (0, "in"), (30, "out"))
    unmeasured = passes(world, world.market, "c", (40, "in"))
    short = passes(world, world.market, "d", (50, "in"), (55, "out"))
    passes(world, world.school, "e", (0, "in"), (60, "out"))
    status, answer = get(world, CONTACTS, visitor=index, **WINDOW)
    assert status == 200
    assert list(answer) == ["visitor", "rule", "as_of", "gaps", "contacts", "more"]
    assert answer["visitor"] == index
    assert answer["rule"] == {
        "version": "2026-1",
        "min_overlap_s": 900,
        "linger_s": 0,
        "dwell_s": None,
    }
    assert answer["as_of"] == iso(NOW)
    seconds = [
        (c["visitor"], c["tier"], c["certain_s"], c["expected_s"], c["possible_s"])
        for c in answer["contacts"]
    ]
    assert seconds == [
        (long, "A", 1800, 1800, 1800),
        (unmeasured, "B", 0, 1200, 1200),
        (short, "C", 300, 300, 300),
    ]
    assert answer["contacts"][0]["first"] == "2026-01-01T05:00:00Z"
    assert answer["contacts"][0]["places"] == ["cho-mau"]
    assert set(answer["contacts"][0]) == {
        *("visitor", "tier", "certain_s", "expected_s", "possible_s", "first", "places")
    }
    (gap,) = answer["gaps"]
    assert (gap["kiosk"], gap["venue"], gap["reason"]) == ("cho-mau-1", "cho-mau", "never_heard")


def test_a_question_can_set_its_own_rule_and_limit(world: World) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    passes(world, world.market, "b", (0, "in"), (30, "out"))
    passes(world, world.market, "c", (61, "in"))
    own: dict[str, object] = {"min_overlap": "0.5", "linger": 10, "dwell": 5, "limit": 1}
    _, answer = get(world, CONTACTS, "tracer", visitor=index, **WINDOW, **own)
    assert answer["more"]
    _, rest = get(world, CONTACTS, "tracer", visitor=index, **WINDOW, **own, offset=1)
    assert len(rest["contacts"]) == 1
    assert rest["contacts"] != answer["contacts"]
    assert not rest["more"]
    assert answer["rule"]["min_overlap_s"] == 30
    assert (answer["rule"]["linger_s"], answer["rule"]["dwell_s"]) == (600, 300)
    assert len(answer["contacts"]) == 1
    _, answer = get(world, CONTACTS, visitor=index, **WINDOW, linger=10, dwell=5)
    assert [(c["tier"], c["expected_s"]) for c in answer["contacts"]] == [("A", 1800), ("C", 300)]


def test_the_further_questions_are_answered_by_their_schema(world: World) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    other = passes(world, world.market, "b", (0, "in"), (90, "out"))
    third = passes(world, world.market, "c", (70, "in"), (90, "out"))
    about: dict[str, object] = {"visitor": index, **WINDOW}

    def trace(question: str, **query: object) -> Any:
        status, answer = get(world, f"{PREFIX}/trace/{question}", "tracer", **query)
        assert status == 200, answer
        return answer

    assert trace("counts", **about)["counts"] == {"A": 1, "B": 0, "C": 0}
    assert [c["visitor"] for c in trace("changes", **about, since="0")["added"]] == [other]
    assert trace("why", **about, other=other)["meetings"][0]["other"]["scans"]
    assert trace("why", **about, other=third)["contact"] is None
    assert [stay["venue"] for stay in trace("stays", **about)["stays"]] == ["cho-mau"]
    (f2,) = trace("secondary", **about, top=5, latency=1)["contacts"]
    assert (f2["visitor"], f2["through"]) == (third, other)
    venue: dict[str, object] = {"venue": "cho-mau", **WINDOW}
    assert len(trace("present", **venue)["present"]) == 3
    assert trace("occupancy", **venue, step=60)["measured"] == 1
    for visitors in (f"{index},{third}", [index, third]):
        (place,) = trace("common", visitors=visitors, **WINDOW)["places"]
        assert place["visitors"] == sorted([index, third])
    stays = ["elsewhere:nhà,2026-01-01T11:00,2026-01-01T14:00", "truong-mau,1,2"]
    assert trace("contacts", **about, stay=stays)["contacts"] == []
    onset = trace("counts", visitor=index, onset="2026-01-03", isolated="2026-01-04")
    assert onset["counts"]["A"] == 1
    assert trace("contacts", **about, as_of="0", rule="2026-1")["contacts"] == []
    status, answer = get(world, f"{PREFIX}/rules")
    assert (status, answer["rules"][-1]["version"]) == (200, "2026-1")


def test_limits_take_from_the_top(world: World) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    others = [passes(world, world.market, name, (0, "in"), (50, "out")) for name in "bc"]
    later = [passes(world, world.market, name, (55, "in"), (70, "out")) for name in "de"]
    met: dict[str, object] = {"visitor": others[0], "min_overlap": "1", "top": 1}
    for question, key, query in (
        ("contacts", "contacts", {"visitor": index}),
        ("secondary", "contacts", met),
        ("present", "present", {"venue": "cho-mau"}),
        ("common", "places", {"visitors": [*others, *later]}),
    ):
        path = f"{PREFIX}/trace/{question}"
        _, everything = get(world, path, "tracer", **WINDOW, **query)
        _, first = get(world, path, "tracer", **WINDOW, **query, limit=1)
        assert everything[key]
        assert first[key] == everything[key][:1]


@pytest.mark.parametrize("question", ["counts", "changes", "why", "occupancy"])
def test_what_plays_no_part_in_a_question_is_refused_not_ignored(
    world: World, question: str
) -> None:
    own = {"changes": {"since": "0"}, "why": {"other": "P2"}}.get(question, {})
    about = {"venue": "cho-mau"} if question == "occupancy" else {"visitor": "P1"}
    path = f"{PREFIX}/trace/{question}"
    status, problem = get(world, path, "tracer", **WINDOW, **about, **own, limit=1)
    assert status == 400
    assert "limit: no such parameter" in problem["detail"]


@pytest.mark.parametrize(
    ("question", "query", "status", "expected"),
    [
        ("changes", {"since": "4000000000"}, 400, "since: expected a time before"),
        ("changes", {"since": "2025-12-31", "as_of": "2025-12-30"}, 400, "since: expected"),
        ("why", {"other": "P999"}, 404, "P999"),
        ("secondary", {"top": "0"}, 400, "top: Expected"),
        ("secondary", {"latency": "nan"}, 400, "latency: Expected"),
        ("counts", {"rule": "2099-1"}, 404, "fleet rule list"),
        ("stays", {"stay": "cho-mau,1,2"}, 400, "stay: no such parameter"),
    ],
)
def test_further_questions_that_make_no_sense_are_refused_in_words(
    world: World, question: str, query: dict[str, object], status: int, expected: str
) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    path = f"{PREFIX}/trace/{question}"
    found, problem = get(world, path, "tracer", visitor=index, **WINDOW, **query)
    assert (found, expected in problem["detail"]) == (status, True), problem


@pytest.mark.parametrize(
    ("question", "query", "status", "expected"),
    [
        ("present", {"venue": "khong-co"}, 404, "fleet venue list"),
        ("present", {"venue": "a\0b"}, 400, "venue: expected text without NUL"),
        ("occupancy", {"venue": "cho-mau", "step": "0"}, 400, "step: Expected"),
        ("occupancy", {"venue": "cho-mau", "step": "0.02"}, 400, "step: expected minutes"),
        ("common", {"visitors": "P1"}, 400, "visitors: expected 2"),
        ("common", {"visitors": ["P998", "P999"]}, 404, "P998"),
        ("common", {}, 400, "missing required field `visitors`"),
    ],
)
def test_questions_about_places_that_make_no_sense_are_refused_in_words(
    world: World, question: str, query: dict[str, object], status: int, expected: str
) -> None:
    found, problem = get(world, f"{PREFIX}/trace/{question}", "tracer", **WINDOW, **query)
    assert (found, expected in problem["detail"]) == (status, True), problem


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op.permission is Permission.TRACE])
def test_only_tracers_ask_about_people(world: World, op: Operation) -> None:
    for who in ("manager", "operator"):
        assert get(world, PREFIX + op.path, who)[0] == 403


def test_every_question_goes_on_record_misses_included(world: World) -> None:
    index = passes(world, world.market, "a", (0, "in"), (60, "out"))
    get(world, CONTACTS, visitor=index, **WINDOW, case="CA-7", purpose="điều tra / inquiry")
    get(world, CONTACTS, visitor="0901234567", **WINDOW)
    with world.engine.connect() as connection:
        columns = (AuditEntry.actor, AuditEntry.case_ref, AuditEntry.purpose, AuditEntry.subject)
        asked = connection.execute(
            select(*columns, AuditEntry.detail)
            .where(AuditEntry.action == "trace.contacts")
            .order_by(AuditEntry.id)
        ).all()
        assert audit.verify(connection).fault == ""
    assert tuple(asked[0])[:4] == ("token:tracer", "CA-7", "điều tra / inquiry", index)
    assert tuple(asked[1])[:4] == ("token:tracer", "", "", "")
    assert '"found":false' in asked[1].detail
    assert "0901234567" not in asked[1].detail


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "missing required field `visitor`"),
        ({"visitor": "P1", **WINDOW, "colour": "red"}, "colour: no such parameter; known are"),
        ({"visitor": "P1", "from": "yesterday", "to": "0"}, "'yesterday' is no time"),
        ({"visitor": "P1", "from": "1", "to": "1"}, "from: expected a time before `to`"),
        ({"visitor": "P1", **WINDOW, "min_overlap": "0"}, "min_overlap: expected minutes"),
        ({"visitor": "P1", **WINDOW, "linger": "-1"}, "linger: Expected"),
        ({"visitor": "P1", **WINDOW, "dwell": "nan"}, "dwell: "),
        ({"visitor": "P1", **WINDOW, "dwell": "1e9"}, "dwell: expected minutes"),
        ({"visitor": "P1", **WINDOW, "limit": "0"}, "limit: Expected"),
        ({"visitor": "P1", **WINDOW, "limit": "many"}, "limit: Expected"),
        ({"visitor": "P1", **WINDOW, "case": "x" * 65}, "case: Expected"),
        ({"visitor": "P1", **WINDOW, "stay": ["x"]}, "VENUE,FROM,TO"),
        ({"visitor": "P1", **WINDOW, "as_of": "4000000000"}, "as_of: expected"),
        ({"visitor": "P1"}, "`from` and `to`, or `onset`"),
        ({"visitor": "P1", "onset": "4000000000"}, "onset: nothing is left"),
        ({"visitor": "P1", **WINDOW, "purpose": "a\x00b"}, "purpose: expected"),
        ({"visitor": "P1", **WINDOW, "purpose": "a\nb"}, "purpose: expected up to 200 printable"),
        ({"visitor": ["P1", "P2"], **WINDOW}, "visitor: expected once, not 2 times"),
        ({"visitor": "a\0b", **WINDOW}, "visitor: expected text without NUL"),
        ({"visitor": "P1", **WINDOW, "stay": ["a,1,2", "a\0,1,2"]}, "stay: expected text without"),
        ({"visitor": "P1", **WINDOW, "rule": "\0"}, "rule: expected text without NUL"),
        ({"visitor": "P1", **WINDOW, "onset": "1"}, "not both"),
        ({"visitor": "P1", "onset": "soon"}, "'soon' is no time"),
        ({"visitor": "P1", "onset": "1767225600", "isolated": "0"}, "isolated: nothing is left"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_words(
    world: World, query: dict[str, object], expected: str
) -> None:
    status, problem = get(world, CONTACTS, "tracer", **query)
    assert status == 400
    assert expected in problem["detail"]


def test_a_venues_log_comes_in_order_of_arrival(world: World) -> None:
    first = store_one_scan(world.engine, world.market, at_ms=NOON_MS)
    late = store_one_scan(world.engine, world.market, counter=2, at_ms=NOON_MS - 1000)
    path = f"{PREFIX}/venues/cho-mau/scans"
    status, answer = get(world, path, "manager")
    assert status == 200
    assert [scan["id"] for scan in answer["scans"]] == [first, late]
    assert answer["scans"][0] == {
        "id": first,
        "at": "2026-01-01T05:00:00Z",
        "exact": True,
        "gate": "Cổng 1",
        "room": "Phòng 1",
        "direction": "in",
        "label": "N*** V*** M***",
        "companions": 0,
    }
    assert (answer["day"], answer["last"], answer["more"]) == ("2026-01-01", late, False)
    _, answer = get(world, path, "manager", limit=1)
    assert (answer["last"], answer["more"]) == (first, True)
    _, answer = get(world, path, "manager", after=first)
    assert [scan["id"] for scan in answer["scans"]] == [late]
    _, answer = get(world, path, "manager", day="2025-12-31")
    assert answer["scans"] == []


@pytest.mark.parametrize("query", [{"after": -1}, {"limit": 0}, {"limit": 1001}, {"day": "today"}])
def test_a_log_query_that_makes_no_sense_is_refused(world: World, query: dict[str, object]) -> None:
    assert get(world, f"{PREFIX}/venues/cho-mau/scans", "tracer", **query)[0] == 400


def test_an_unknown_path_is_a_problem_too(world: World) -> None:
    assert get(world, f"{PREFIX}/nothing")[0] == 404
    assert get(world, f"{PREFIX}/venues/a%00b/scans")[0] == 404
