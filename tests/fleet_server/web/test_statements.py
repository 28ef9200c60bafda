"""Whatever the page: it asks the database a few dozen times at most, however much there is."""

from pathlib import Path
from typing import Final

from bench.pages_table import PAGES
from fleet_server.auth.permissions import VENUE_ROLES, Role
from tests.fleet_server.cases.conftest import CASE, Office, office
from tests.fleet_server.people import add_account, sign_in
from tests.fleet_server.web.clinic import Clinic
from tests.support.queries import counted

__all__ = ["office"]

MOST: Final = 24
OF_CASES: Final = 40
"""With what stands around each page of a case: its state, and what may be missing."""


def test_every_page_asks_the_database_a_bounded_number_of_times(
    office: Office, tmp_path: Path
) -> None:
    office.with_seller()
    result, _ = office.desk().evaluate(CASE)
    contact = office.desk().contacts(CASE)[0].ref
    app = Clinic(office, tmp_path).app
    browsers = {}
    for number, role in enumerate(dict.fromkeys(page.role for page in PAGES)):
        venues = ["cho-mot"] if role in VENUE_ROLES else []
        login = add_account(app, role, login=f"nguoi-{number}", venues=venues)
        browsers[role] = app.test_client()
        sign_in(browsers[role], login)
    there = {"venue": "cho-mot", "kiosk": "cho-mot-1", "case": CASE, "contact": contact}
    there |= {"result": str(result), "login": f"nguoi-{list(browsers).index(Role.TRACER)}"}
    over = {}
    for page in PAGES:
        path = page.path.format(**there)
        browsers[page.role].get(path)
        with counted(office.engine) as asked:
            assert browsers[page.role].get(path).status_code == 200, path
        if len(asked) > (OF_CASES if path.startswith("/cases/") else MOST):
            over[page.name] = len(asked)
    assert over == {}
