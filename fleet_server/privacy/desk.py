"""What a clerk's desk does with the vault: find whom a request is about, gather what is kept."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Engine

from fleet_server import database
from fleet_server.cases.desk import Vault
from fleet_server.errors import FleetError, Refused, halves
from fleet_server.identity import links
from fleet_server.privacy import clocks, holdings, rights
from fleet_server.privacy.rights import Request
from fleet_server.times import iso

PURPOSE: Final = "quyền của người đó / the person's own right"


@dataclass(frozen=True, slots=True)
class Desk:
    """One clerk at work."""

    engine: Engine
    vault: Vault
    actor: str
    now_ms: Callable[[], int]
    area_id: int | None = None
    """Where the clerk works; None: everywhere."""

    def ask(self, kind: str, *, words: str, zone: ZoneInfo, holidays: Collection[dt.date]) -> str:
        """Writes a request down with its clocks; its reference. Raises Refused."""
        if kind not in rights.KINDS:
            raise Refused(
                f"hãy chọn yêu cầu / {kind[:40]!r}: expected one of {', '.join(rights.KINDS)}"
            )
        at_ms = self.now_ms()
        due = clocks.due(kind, at_ms // 1000, zone, holidays)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            return rights.ask(
                connection,
                kind,
                words=words,
                due=due,
                area_id=self.area_id,
                at_ms=at_ms,
                actor=self.actor,
            )

    def identify(self, ref: str, kind: str, number: str) -> Request:
        """Asks the vault whom a request is about. Nobody is an answer too, and closes it.

        Raises Refused where the request stays open without a person: the vault is away, the number
        is none, or several people have it.
        """
        try:
            visitors = self.vault.find(kind, number, case=ref, purpose=PURPOSE, actor=self.actor)
        except FleetError as problem:
            vi, en = halves(str(problem))
            raise Refused(
                f"{ref}: {vi}; yêu cầu đã ghi, hãy tìm người sau / {ref}: {en}; the request is"
                f" written down, find the person with `fleet person identify {ref}`"
            ) from problem
        with self.engine.connect() as connection:
            persons = {links.resolve(connection, visitor) for visitor in visitors}
        if len(persons) > 1:
            raise Refused(
                f"{ref}: {len(persons)} người có số này / visitors have this number, and one of"
                f" them asks: `fleet person identify {ref}` with a number of theirs alone"
            )
        at_ms, actor = self.now_ms(), self.actor
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            if visitors:
                rights.found(connection, ref, visitors[0], at_ms=at_ms, actor=actor)
            else:
                missed = rights.NOT_FOUND
                rights.finish(connection, ref, outcome=missed, at_ms=at_ms, actor=actor)
            return rights.get(connection, ref)

    def everything(self, ref: str, *, how: str) -> dict[str, Any]:
        """All that is kept about the person of an open request, with the names the vault opens.

        In the log as `right.<how>`.
        """
        with self.engine.connect() as connection:
            person = rights.the_person(connection, ref)
        (opened,) = self.vault.open([f"P{person}"], case=ref, purpose=PURPOSE, actor=self.actor)
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            told = holdings.of(connection, person)
            rights.note(
                connection,
                how,
                ref,
                at_ms=self.now_ms(),
                actor=self.actor,
                subject=f"P{person}",
                detail={"scans": len(told["scans"]), "stays": len(told["stays"])},
            )
        told["known"] = msgspec.to_builtins(opened.known)
        told["identities"] = [
            {
                "kind": holdings.kind(each.kind),
                "seen_at": iso(each.seen_ms // 1000),
                **msgspec.to_builtins(each.part),
            }
            for each in opened.identities
        ]
        told["unreadable_identities"] = opened.unreadable
        return told
