"""The benchmark of pages: no page is forgotten, and it runs from end to end."""

import json
import re

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.routing import MapAdapter

from bench.pages import main
from bench.pages_table import LEFT_OUT, PAGES, Page
from fleet_server.auth.permissions import GRANTS
from fleet_server.settings import Settings
from fleet_server.web.access import API, access_of
from fleet_server.web.app import create_app

VISITS = "5000"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home = tmp_path_factory.mktemp("home")
    return create_app(Settings(home=str(home), database_url=f"sqlite:///{home / 'no.sqlite3'}"))


@pytest.fixture(scope="module")
def adapter(app: Flask) -> MapAdapter:
    return app.url_map.bind("localhost")


def test_every_page_is_measured_or_left_out_with_a_reason(app: Flask) -> None:
    told = {page.name for page in PAGES}
    there = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(API)
    }
    assert told.isdisjoint(LEFT_OUT)
    assert len(told) == len(PAGES)
    assert there == told | set(LEFT_OUT), "a page is missing in bench/pages_table.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_read_by_a_role_that_may(app: Flask, adapter: MapAdapter, page: Page) -> None:
    name, path, role = page
    path = re.sub(r"\{\w+\}", "1", path.partition("?")[0])
    assert adapter.match(path)[0] == name
    declared = access_of(app.view_functions[name])
    assert declared is not None
    assert declared.permission is None or declared.permission in GRANTS[role]


@pytest.mark.slow
def test_pages_are_measured_from_end_to_end() -> None:
    small = ["--visits", VISITS, "--requests", "2", "--seconds", "1", "--only", "venue"]
    result = CliRunner().invoke(main, small, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["visits"] == int(VISITS)
    assert set(told["pages"]) == {page.name for page in PAGES if "venue" in page.name}
    for figures in told["pages"].values():
        assert 0 < figures["p50_ms"] <= figures["p95_ms"]
        assert figures["ratio_hello"] == pytest.approx(
            figures["load_p50_ms"] / told["hello_ms"], rel=0.01
        )
