"""Figures many ask for at once: made once, forgotten soon, and never where nothing is kept."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Engine

from fleet_server.auth.permissions import Role
from fleet_server.settings import Settings
from fleet_server.web.app import create_app
from fleet_server.web.kept import Kept
from tests.fleet_server.people import CHEAP, NOW, signed_in
from tests.support.queries import counted
from tests.support.world import one_venue


def test_an_answer_is_made_once_by_what_was_asked() -> None:
    made: list[str] = []
    kept = Kept(60)
    for key in ("a", "b", "a"):
        assert kept.get(key, lambda key=key: made.append(key) or key.upper()) == key.upper()  # type: ignore[misc]
    assert made == ["a", "b"]


def test_nothing_is_kept_for_no_time() -> None:
    numbers = iter(range(9))
    kept = Kept(0)
    assert [kept.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_an_answer_is_forgotten() -> None:
    numbers = iter(range(9))
    kept = Kept(1e-9)
    assert [kept.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 1, 2]


def test_of_those_who_ask_at_once_one_makes_it() -> None:
    readers, made = 6, []
    kept, together = Kept(60), Barrier(readers)

    def ask(_: int) -> str:
        together.wait(10)
        return kept.get("a", lambda: made.append(1) or "made")  # type: ignore[func-returns-value]

    with ThreadPoolExecutor(readers) as pool:
        assert list(pool.map(ask, range(readers))) == ["made"] * readers
    assert len(made) == 1


def test_what_fails_is_asked_for_again() -> None:
    kept = Kept(60)

    def fail() -> str:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        kept.get("a", fail)
    assert kept.get("a", lambda: "here") == "here"


def test_who_works_elsewhere_gets_answers_of_their_own(engine: Engine, tmp_path: Path) -> None:
    """What is kept for one is not shown to another who may see less."""
    one_venue(engine)
    app = create_app(
        Settings(home=str(tmp_path), database_url=str(engine.url), accounts=CHEAP),
        engine=engine,
        session_key=b"k" * 32,
        clock=lambda: NOW,
        keep_s=60,
    )
    operator = signed_in(app.test_client(), Role.FLEET_OPERATOR)
    assert "cho-mau-1" in operator.get("/fleet").text
    with counted(engine) as asked:
        assert "cho-mau-1" in operator.get("/fleet").text
    assert not any("presence" in statement for statement in asked)
    assert "cho-mau-1" not in operator.get("/fleet?venue=x").text
