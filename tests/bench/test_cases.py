"""The benchmark of names: what it opens is what was sealed, and a wrong answer is found out."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bench import cases, cases_load
from bench.cases import main
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import OpenedPerson

FIGURES = {
    *("opened", "vault_s", "vault_first_s", "crypto_s", "ratio_crypto", "find_ms_p50"),
    *("find_ms_p95", "finds", "pseudonyms", "identities_each", "audit_lines", "engine"),
}
SMALL = ("--pseudonyms", "2000", "--names", "200", "--finds", "40")


def test_no_two_people_have_the_same_numbers() -> None:
    for numbers in (cases_load.document, cases_load.phone):
        made = {numbers(person) for person in range(1, 20_001)}
        assert len(made) == 20_000
        assert {len(number) for number in made} == {len(numbers(1))}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_names_are_opened_and_people_found_by_the_vault_itself(kind: str) -> None:
    figures = _figures("--engine", kind)
    assert set(figures) >= FIGURES
    assert (figures["opened"], figures["pseudonyms"]) == (200, 2000)
    # Every name of every round, every search, and what was done in the case.
    assert figures["audit_lines"] > cases.ROUNDS * 200 + 40
    assert 0 < figures["crypto_s"] < figures["vault_s"]
    assert 0 < figures["find_ms_p50"] <= figures["find_ms_p95"]


@pytest.mark.slow
def test_all_identities_of_a_person_are_opened() -> None:
    assert _figures("--scans", "3")["identities_each"] == 3


@pytest.mark.slow
def test_a_vault_that_leaves_a_name_out_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = VaultClient.open

    def forgetful(self: VaultClient, persons: Sequence[str], **asked: Any) -> list[OpenedPerson]:
        return whole(self, persons, **asked)[1:]

    monkeypatch.setattr(VaultClient, "open", forgetful)
    result = _run()
    assert result.exit_code == 1
    assert "did not open what was sealed" in result.output


@pytest.mark.slow
def test_a_search_that_finds_nobody_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(*_: object, **__: object) -> list[str]:
        return []

    monkeypatch.setattr(VaultClient, "find", blind)
    result = _run()
    assert result.exit_code == 1
    assert "and found []" in result.output


def test_more_names_than_people_are_refused() -> None:
    result = CliRunner().invoke(main, ["--pseudonyms", "100", "--names", "101"])
    assert result.exit_code == 2
    assert "at most the 100 there are" in result.output


def _run(*options: str) -> Result:
    return CliRunner().invoke(main, [*SMALL, *options])


def _figures(*options: str) -> dict[str, Any]:
    result = _run(*options)
    assert result.exit_code == 0, result.output
    figures: dict[str, Any] = json.loads(result.output.splitlines()[-1])
    return figures
