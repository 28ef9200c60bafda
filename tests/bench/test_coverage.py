"""The bench of the report on coverage, at a size that shows that it runs."""

import json

import pytest
from click.testing import CliRunner

from bench import coverage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_a_small_week_is_counted_and_reported(engine: str) -> None:
    done = CliRunner().invoke(
        coverage.main, ["--scans", "20000", "--people", "1000", "--engine", engine]
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["engine"], told["scans"]) == (engine, 19_999)
    assert told["count_s"] > 0
