"""Questions as people ask them: by reference, on the record. One door for commands, API and pages.

Nothing is answered that was not written to the audit log first, misses included.
"""

from typing import NamedTuple

from sqlalchemy import Engine

from fleet_server import database
from fleet_server.errors import FleetError, NotKnown
from fleet_server.identity import audit, links
from fleet_server.times import BadTime, iso
from fleet_server.tracing import derivation, questions
from fleet_server.tracing.answers import ContactsAnswer
from fleet_server.tracing.exposure import Question

CONTACTS = "trace.contacts"


class BadAsker(FleetError, ValueError):
    """Words that cannot go on record."""


class Asker(NamedTuple):
    """Who asks, and what for; up to 64, 64 and 200 printable characters."""

    by: str
    case: str = ""
    purpose: str = ""


def contacts(
    engine: Engine, visitor: str, question: Question, *, asker: Asker, now_ms: int
) -> ContactsAnswer:
    """Who was exposed to `visitor`. Raises NotKnown (nobody has it), BadTime, BadAsker."""
    _check(asker)
    if question.since >= question.until:
        raise BadTime("from: expected a time before `to`")
    # Scans whose stays are not derived yet would be missing from the answer.
    derivation.drain(engine)
    asked = {
        "from": iso(question.since),
        "to": iso(question.until),
        "rule": question.rule.version,
        "min_overlap_s": question.rule.min_overlap_s,
        "linger_s": question.rule.linger_s,
        "dwell_s": question.rule.dwell_s,
    }
    subject, answer, miss = "", None, None
    with _snapshot(engine).connect() as connection:
        try:
            person_id = links.resolve(connection, visitor)
        except NotKnown as problem:
            # What was asked for is no reference of ours, and may be somebody's number.
            miss = problem
        else:
            subject = questions.visitor_ref(person_id)
            answer = questions.contacts(connection, person_id, question, now=now_ms // 1000)
            asked |= {"contacts": len(answer.contacts), "gaps": len(answer.gaps)}
    with engine.execution_options(**database.WRITES).begin() as connection:
        audit.append(
            connection,
            at_ms=now_ms,
            actor=asker.by,
            action=CONTACTS,
            case_ref=asker.case,
            purpose=asker.purpose,
            subject=subject,
            detail=asked | {"found": answer is not None},
        )
    if answer is None:
        raise NotKnown(str(miss)) from miss
    return answer


def _check(asker: Asker) -> None:
    for name, most in (("by", 64), ("case", 64), ("purpose", 200)):
        text = getattr(asker, name)
        if len(text) > most or not text.isprintable():
            raise BadAsker(f"{name}: expected up to {most} printable characters")
    if not asker.by:
        raise BadAsker("by: expected who asks")


def _snapshot(engine: Engine) -> Engine:
    """All of a question's statements see one moment (as they do in SQLite without asking)."""
    if database.is_sqlite(engine):
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
