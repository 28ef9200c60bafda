"""Forms: what was entered is not lost where it cannot be taken, and what was done is said once."""

from collections.abc import Callable
from typing import Any

from flask import current_app, flash, redirect
from werkzeug.wrappers import Response

from fleet_server.errors import FleetError, VaultAway
from fleet_server.web import errors
from fleet_server.web.language import half, say

Answer = Response | tuple[str, int]


def take(
    do: Callable[[], Any], *, done: tuple[str, str] | None, to: str, again: Callable[[str], str]
) -> Answer:
    """Does what a form asks for, then leads to the address `to`, where `done` (vi, en) is said.

    Where it cannot be done, the page is shown again as `again` makes it of the words that say
    why; it fills the form with what was entered.
    """
    try:
        do()
    except FleetError as problem:
        return again(words_of(problem)), errors.status_of(problem)
    if done is not None:
        flash(say(*done), "good")
    return redirect(to, 303)


def words_of(problem: FleetError) -> str:
    """Why something could not be done, for the reader; what only operators need is logged."""
    if isinstance(problem, VaultAway):
        current_app.logger.error("vault: %s", problem)
        return half(errors.VAULT_AWAY)
    return half(str(problem))
