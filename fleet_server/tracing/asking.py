"""Questions as people ask them: by reference, on the record. One door for commands, API and pages.

Nothing is answered that was not written to the audit log first, misses included.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from fleet_server import database
from fleet_server.errors import FleetError, NotKnown
from fleet_server.identity import audit
from fleet_server.times import BadTime, iso
from fleet_server.tracing import (
    common as shared_places,
)
from fleet_server.tracing import (
    derivation,
    evidence,
    handmade,
    places,
    questions,
    rulebook,
    visitors,
)
from fleet_server.tracing import (
    occupancy as filling,
)
from fleet_server.tracing import (
    secondary as second_ring,
)
from fleet_server.tracing.answers import (
    ChangesAnswer,
    CommonAnswer,
    ContactsAnswer,
    CountsAnswer,
    HistoryAnswer,
    OccupancyAnswer,
    PresentAnswer,
    SecondaryAnswer,
    StaysAnswer,
    WhyAnswer,
)
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.questions import Asked
from fleet_server.tracing.reach import Question
from fleet_server.tracing.rules import BadRule, seconds

A = TypeVar("A")
Detail = dict[str, Any]
CONTACTS: Final = "trace.contacts"
MOST_POINTS: Final = 10_000
"""Moments in one answer about occupancy."""
MOST_VISITORS: Final = 200
"""Persons in one question for what they share."""


class BadAsker(FleetError, ValueError):
    """Words that cannot go on record."""


class Asker(NamedTuple):
    """Who asks, and what for; up to 64, 64 and 200 printable characters."""

    by: str
    case: str = ""
    purpose: str = ""


class Wanted(NamedTuple):
    """The terms of a question. Seconds UTC; minutes where they are not the rule's."""

    since: int
    until: int
    min_overlap_min: float | None = None
    linger_min: float | None = None
    dwell_min: float | None = None
    version: str | None = None
    """Of the rule; None takes the one in force."""
    known_ms: int | None = None
    """By what was known then."""
    by_hand: Sequence[str] = ()
    """Stays of the index person in place of derived ones (`tracing.handmade`)."""
    zone: ZoneInfo = ZoneInfo("Asia/Ho_Chi_Minh")
    """Of their times."""
    limit: int | None = None


class _Session(NamedTuple):
    """One question on its way."""

    connection: Connection
    asked: Asked
    by_hand: list[Handmade]
    limit: int | None


class Desk(NamedTuple):
    """Where somebody asks: each method one question. All raise NotKnown where nobody has the
    reference, BadTime, BadRule, BadStay, BadAsker.
    """

    engine: Engine
    asker: Asker
    now_ms: int

    def contacts(self, visitor: str, wanted: Wanted) -> ContactsAnswer:
        """Who was exposed to `visitor`."""

        def work(session: _Session, person: int) -> tuple[ContactsAnswer, Detail]:
            connection, asked, by_hand, limit = session
            answer, found = questions.contacts(
                connection, person, asked, by_hand=by_hand, limit=limit
            )
            return answer, {"contacts": found, "gaps": len(answer.gaps)}

        return self._about(CONTACTS, visitor, wanted, work)

    def counts(self, visitor: str, wanted: Wanted) -> CountsAnswer:
        """How many contacts there would be."""

        def work(session: _Session, person: int) -> tuple[CountsAnswer, Detail]:
            answer = questions.counts(
                session.connection, person, session.asked, by_hand=session.by_hand
            )
            return answer, {"gaps": len(answer.gaps)}

        return self._about("trace.counts", visitor, wanted, work)

    def changes(self, visitor: str, wanted: Wanted, since_ms: int) -> ChangesAnswer:
        """What is answered otherwise than at `since_ms`."""
        if since_ms > (self.now_ms if wanted.known_ms is None else wanted.known_ms):
            raise BadTime(
                "since: cần lúc trước lúc của câu trả lời / since: expected a time before"
                " that of the answer"
            )

        def work(session: _Session, person: int) -> tuple[ChangesAnswer, Detail]:
            answer = questions.changes(
                session.connection,
                person,
                session.asked,
                since_ms=since_ms,
                by_hand=session.by_hand,
            )
            told = {"added": len(answer.added), "removed": len(answer.removed)}
            return answer, {"since": answer.since, "changed": len(answer.changed), **told}

        return self._about("trace.changes", visitor, wanted, work)

    def secondary(
        self,
        visitor: str,
        wanted: Wanted,
        *,
        latency_min: float | None,
        top: int,
    ) -> SecondaryAnswer:
        """F2 through the first `top` F1."""
        latency_s = seconds("latency", latency_min)

        def work(session: _Session, person: int) -> tuple[SecondaryAnswer, Detail]:
            answer = second_ring.ring(
                session.connection,
                person,
                session.asked,
                latency_s=latency_s,
                top=top,
                limit=session.limit,
                by_hand=session.by_hand,
            ).answer
            return answer, {"contacts": answer.total, "through": answer.first_used}

        return self._about("trace.secondary", visitor, wanted, work)

    def stays(self, visitor: str, wanted: Wanted) -> StaysAnswer:
        """Where `visitor` was, with the evidence."""

        def work(session: _Session, person: int) -> tuple[StaysAnswer, Detail]:
            answer = evidence.stays(session.connection, person, session.asked)
            return answer, {"stays": len(answer.stays)}

        return self._about("trace.stays", visitor, wanted, work)

    def why(self, visitor: str, other: str, wanted: Wanted) -> WhyAnswer:
        """Why `other` is among the contacts of `visitor`."""

        def work(session: _Session, person: int) -> tuple[WhyAnswer, Detail]:
            contact = visitors.resolve(session.connection, other)
            answer = evidence.why(
                session.connection, person, contact, session.asked, by_hand=session.by_hand
            )
            return answer, {"other": answer.other, "meetings": len(answer.meetings)}

        return self._about("trace.why", visitor, wanted, work)

    def history(self, visitor: str, wanted: Wanted) -> HistoryAnswer:
        """How the stays of `visitor` came to be what they are."""

        def work(session: _Session, person: int) -> tuple[HistoryAnswer, Detail]:
            answer = evidence.history(session.connection, person, session.asked)
            return answer, {"versions": len(answer.versions)}

        return self._about("visits.history", visitor, wanted, work)

    def present(self, venue: str, wanted: Wanted) -> PresentAnswer:
        """Who was at `venue`."""

        def work(session: _Session) -> tuple[PresentAnswer, str, Detail]:
            venue_id = places.resolve(session.connection, venue)
            answer, found = questions.present(
                session.connection, venue_id, session.asked, limit=session.limit
            )
            return answer, venue, {"present": found}

        return self._answered("trace.present", wanted, work)

    def occupancy(self, venue: str, wanted: Wanted, step_min: float) -> OccupancyAnswer:
        """How full `venue` was, every `step_min`."""
        step_s = seconds("step", step_min, at_least=1) or 1
        if (wanted.until - wanted.since) / step_s > MOST_POINTS:
            raise BadRule(
                f"step: nhiều quá {MOST_POINTS} mốc, hãy chọn bước dài hơn / step: expected"
                f" minutes that give up to {MOST_POINTS} moments"
            )

        def work(session: _Session) -> tuple[OccupancyAnswer, str, Detail]:
            venue_id = places.resolve(session.connection, venue)
            answer = filling.occupancy(session.connection, venue_id, session.asked, step_s=step_s)
            return answer, venue, {"stays": answer.stays}

        return self._answered("trace.occupancy", wanted, work)

    def common(self, persons: Sequence[str], wanted: Wanted) -> CommonAnswer:
        """Places these persons share. BadRule for fewer than two."""
        if not 2 <= len(set(persons)) <= MOST_VISITORS:
            raise BadRule(
                f"visitors: cần từ 2 đến {MOST_VISITORS} người khác nhau / visitors: expected 2 to"
                f" {MOST_VISITORS} different persons"
            )

        def work(session: _Session) -> tuple[CommonAnswer, str, Detail]:
            found = [visitors.resolve(session.connection, ref) for ref in persons]
            if len(set(found)) == 1:
                raise BadRule(f"{', '.join(persons)}: là một người / are one person")
            answer = shared_places.common(
                session.connection, found, session.asked, limit=session.limit
            )
            return answer, "", {"visitors": answer.visitors, "places": len(answer.places)}

        return self._answered("trace.common", wanted, work)

    def _about(
        self,
        action: str,
        visitor: str,
        wanted: Wanted,
        work: Callable[[_Session, int], tuple[A, Detail]],
    ) -> A:
        """A question about one person."""

        def about(session: _Session) -> tuple[A, str, Detail]:
            person = visitors.resolve(session.connection, visitor)
            answer, detail = work(session, person)
            return answer, questions.visitor_ref(session.connection, person), detail

        return self._answered(action, wanted, about)

    def _answered(
        self,
        action: str,
        wanted: Wanted,
        work: Callable[[_Session], tuple[A, str, Detail]],
    ) -> A:
        """Answers by one snapshot of the database; on record before anybody sees it."""
        engine, asker, now_ms = self
        _check(asker, wanted, now_ms)
        # Scans whose stays are not derived yet would be missing from the answer.
        derivation.drain(engine, now_ms=now_ms)
        subject, answer, miss = "", None, None
        with database.driver_errors(), database.snapshot(engine).connect() as connection:
            session = _session(connection, wanted, now_ms)
            rule = session.asked.question.rule
            detail: Detail = {
                "from": iso(wanted.since),
                "to": iso(wanted.until),
                "rule": rule.version,
                "min_overlap_s": rule.min_overlap_s,
                "linger_s": rule.linger_s,
                "dwell_s": rule.dwell_s,
            }
            if wanted.known_ms is not None:
                detail["as_of"] = iso(wanted.known_ms // 1000)
            if session.by_hand:
                # Never the words of a place without a kiosk: they may name somebody.
                detail["stays_by_hand"] = [
                    [hand.venue or handmade.ELSEWHERE, iso(hand.start[1]), iso(hand.end[1])]
                    for hand in session.by_hand
                ]
            try:
                answer, subject, found = work(session)
                detail |= found
            except NotKnown as problem:
                # What was asked for is no reference of ours, and may be somebody's number.
                miss = problem
        with engine.execution_options(**database.WRITES).begin() as connection:
            audit.append(
                connection,
                at_ms=now_ms,
                actor=asker.by,
                action=action,
                case_ref=asker.case,
                purpose=asker.purpose,
                subject=subject[:64],
                detail=detail | {"found": answer is not None},
            )
        if answer is None:
            raise NotKnown(str(miss)) from miss
        return answer


def window(
    engine: Engine,
    *,
    since: int | None,
    until: int | None,
    onset: int | None,
    isolated: int | None,
    version: str | None,
    now: int,
    to_source: bool = False,
) -> tuple[int, int]:
    """[since, until) as given, or from the onset of symptoms by the rule. Raises BadTime.

    `to_source`: as far back as the rule looks for a source, not only while a case is infectious.
    """
    if onset is None:
        if since is None or until is None or isolated is not None:
            raise BadTime(
                "cần `from` và `to`, hoặc `onset` và có thể `isolated` / expected `from` and `to`,"
                " or `onset` and perhaps `isolated`"
            )
        return since, until
    if since is not None or until is not None:
        raise BadTime(
            "cần `onset`, hoặc `from` và `to`, không phải cả hai / expected either `onset` or"
            " `from` and `to`, not both"
        )
    with engine.connect() as connection:
        found = rulebook.in_force(connection, version)
    begun, ended = found.window(onset, isolated, now=now, to_source=to_source)
    if begun >= ended:
        wrong = "onset" if isolated is None else "isolated"
        raise BadTime(
            f"{wrong}: khoảng thời gian không còn gì, từ {iso(begun)} đến {iso(ended)} theo quy tắc"
            f" {found.version} / {wrong}: nothing is left of the window, {iso(begun)} to"
            f" {iso(ended)} by rule {found.version}; expected an end after its beginning"
        )
    return begun, ended


def separate(listed: Sequence[str]) -> list[str]:
    """References given one at a time, or all in one with commas."""
    return listed[0].split(",") if len(listed) == 1 else list(listed)


def _session(connection: Connection, wanted: Wanted, now_ms: int) -> _Session:
    version = rulebook.in_force(connection, wanted.version)
    rule = version.rule(
        min_overlap_min=wanted.min_overlap_min,
        linger_min=wanted.linger_min,
        dwell_min=wanted.dwell_min,
    )
    question = Question(wanted.since, wanted.until, rule)
    asked = Asked(question, version.terms, now_ms // 1000, wanted.known_ms)
    closing = derivation.closing_of(connection)
    by_hand = [handmade.read(text, wanted.zone, closing) for text in wanted.by_hand]
    return _Session(connection, asked, by_hand, wanted.limit)


def _check(asker: Asker, wanted: Wanted, now_ms: int) -> None:
    for name, most in (("by", 64), ("case", 64), ("purpose", 200)):
        text = getattr(asker, name)
        if len(text) > most or not text.isprintable():
            raise BadAsker(f"{name}: expected up to {most} printable characters")
    if not asker.by:
        raise BadAsker("by: expected who asks")
    if wanted.since >= wanted.until:
        raise BadTime("from: cần lúc trước `to` / from: expected a time before `to`")
    if wanted.known_ms is not None and wanted.known_ms > now_ms:
        raise BadTime("as_of: cần lúc đã qua / as_of: expected a time that has been")
