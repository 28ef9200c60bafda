"""Every view × every role, made from the application's own map: no new view can be forgotten.

What a role may is said once, in `permissions.py`. Here each view is really called by each role,
and the answer must be what the view's declaration and that table say.
"""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from fleet_server import database
from fleet_server.auth import tokens
from fleet_server.auth.permissions import GRANTS, VENUE_ROLES, Role
from fleet_server.web.access import API, access_of
from tests.fleet_server.people import ORIGIN, World, own_code, signed_in, token_of

VENUE = {"venue_overview.page", "venue_log.page", "venue_log.new"}
FLEET = {"fleet_kiosks.page", "fleet_kiosks.kiosk"}
COVERAGE = {"report_coverage.page", "report_coverage.pdf", "report_coverage.xlsx"}
CASES = {
    "case_list.page",
    "case_list.begin",
    *(f"case_overview.{name}" for name in ("page", "amend", "evaluate", "seen", "say", "close")),
    *(f"case_people.{name}" for name in ("page", "find", "add", "remove", "link", "unlink")),
    *(f"case_milestones.{name}" for name in ("page", "add", "decide")),
    *(
        f"case_contacts.{name}"
        for name in ("page", "contact", "call", "decide", "set_area", "note")
    ),
    *(f"case_names.{name}" for name in ("page", "open_names", "ask", "break_glass")),
    *(f"case_calls.{name}" for name in ("page", "call")),
    *(f"case_files.{name}" for name in ("page", "export", "notice")),
    "case_mine.page",
    "case_spread.page",
    "case_shared.page",
    "case_shared.ask",
    "case_preview.page",
    "case_preview.preview",
    "case_told.page",
    "case_told.answer",
    "case_results.page",
    "case_results.result",
}
DECIDE = {
    "case_overview.confirm",
    "case_names.decide",
    "case_names.review",
    "case_approvals.page",
}
EXPORT = {"venue_log.export", *(f"venue_staff.{name}" for name in ("page", "add", "remove"))}
MANAGE = {
    *(f"venue_settings.{name}" for name in ("page", "change", "set_hours", "put_part")),
    *(f"venue_tell.{name}" for name in ("page", "tell")),
}
AUDIT = {"audit_log.page", "audit_openings.page", "audit_verify.page", "audit_verify.verify"}
DESK = {"desk_cards.page", "desk_cards.issue", "desk_cards.paper"}
DESK |= {"desk_revoking.page", "desk_revoking.revoke"}
DESK |= {
    f"desk_batches.{name}"
    for name in ("page", "upload", "template", "batch", "state", "go_on", "cards", "forget")
}
DESK |= {
    f"desk_requests.{name}"
    for name in ("page", "new", "ask", "request_", "identify", "acknowledge", "finish")
}
DESK |= {
    f"desk_answers.{name}"
    for name in ("everything", "copy", "correct", "restrict", "lift", "delete")
}
ADMIN = {f"admin_people.{name}" for name in ("page", "new", "create", "person", "set_role", "act")}
ADMIN |= {f"admin_areas.{name}" for name in ("page", "area", "preview", "take")}
ADMIN |= {"admin_roles.page", "admin_rules.page", "admin_rules.create", "admin_rules.settings"}
ADMIN |= {f"admin_venue_types.{name}" for name in ("page", "add", "rename")}
ADMIN |= {f"admin_codes.{name}" for name in ("page", "create", "revoke")}
ALL = VENUE | FLEET | COVERAGE | CASES | DECIDE | EXPORT | MANAGE | DESK | ADMIN | AUDIT
DENIED = {
    Role.VISITOR_DESK: ALL - DESK,
    Role.VENUE_MANAGER: ALL - VENUE - EXPORT - MANAGE,
    Role.TRACER: ALL - VENUE - COVERAGE - CASES,
    Role.TRACING_SUPERVISOR: ALL - VENUE - COVERAGE - CASES - DECIDE,
    Role.FLEET_OPERATOR: ALL - FLEET - MANAGE - COVERAGE,
    Role.ADMINISTRATOR: ALL - ADMIN - COVERAGE,
    Role.AUDITOR: ALL - AUDIT - COVERAGE,
}
"""Pages that are denied, written out: a grant that slips into the table shows here."""


def views(world: World) -> Iterator[tuple[Rule, str, str]]:
    """Every rule with a method and a path that fits it."""
    for rule in world.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            path = re.sub(r"<int:\w+>", "0", rule.rule)
            path = re.sub(r"<path:\w+>", "tram.css", path)
            yield rule, method, re.sub(r"<\w+>", "cho-mau", path)


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(world: World, role: Role) -> None:
    venues = ["cho-mau"] if role in VENUE_ROLES else []
    browser = signed_in(world.stranger(), role, venues=venues)
    bearer = {"Authorization": f"Bearer {_token(world, role)}"}
    program, form = world.stranger(), {"csrf_token": token_of(browser)}
    denied = set()
    for rule, method, path in views(world):
        declared = access_of(world.app.view_functions[rule.endpoint])
        assert declared is not None
        if declared.permission is None:
            continue
        if path.startswith(API):
            status = program.open(path, method=method, headers=bearer).status_code
        else:
            status = _ask(browser, method, path, form)
        may = declared.permission in GRANTS[role]
        assert (status == 403) == (not may), f"{role} {method} {path}: {status}"
        assert status != 401
        if status == 403 and not path.startswith(API):
            denied.add(rule.endpoint)
    assert denied == DENIED[role]


def test_no_page_is_left_out_of_the_table_above(world: World) -> None:
    """Whoever adds a page says here who is denied it, or that everybody with an account may."""
    everybody = {"start.page", *(name for name in _pages(world) if _is_own(name))}
    told = everybody.union(*DENIED.values())
    assert _pages(world) <= told


def test_a_stranger_is_let_in_nowhere(world: World) -> None:
    client = world.stranger()
    form = {"csrf_token": token_of(client)}
    for rule, method, path in views(world):
        declared = access_of(world.app.view_functions[rule.endpoint])
        if declared is None or declared.permission is None:
            continue
        if path.startswith(API):
            assert client.open(path, method=method).status_code == 401
        else:
            answer = client.open(path, method=method, data=form, headers=ORIGIN)
            assert answer.status_code == 302
            assert answer.location.partition("?")[0] == "/sign-in"


def _pages(world: World) -> set[str]:
    return {
        rule.endpoint
        for rule, _, path in views(world)
        if not path.startswith(API)
        and (declared := access_of(world.app.view_functions[rule.endpoint])) is not None
        and declared.permission is not None
    }


def _is_own(endpoint: str) -> bool:
    return endpoint.partition(".")[0] in {"mine", "own_codes", "password", "second_factor"}


def _ask(browser: FlaskClient, method: str, path: str, form: dict[str, str]) -> int:
    if method == "GET":
        return browser.get(path).status_code
    return browser.open(path, method=method, data=form, headers=ORIGIN).status_code


def _token(world: World, role: Role) -> str:
    with world.engine.execution_options(**database.WRITES).begin() as connection:
        return own_code(
            connection,
            f"own-code-{role.replace('_', '-')}",
            role,
            venues=["cho-mau"] if role in VENUE_ROLES else [],
            secret=b"r" * tokens.SECRET_BYTES,
        )
