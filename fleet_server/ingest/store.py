"""Puts judged messages into the database: one transaction for many, nothing twice, nothing lost.

Order matters where two processes do this at once: pseudonyms, scans, presence, links, marks and,
last, the audit log; each sorted. So they wait for each other and hardly ever in a circle.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from fleet_server.identity import links
from fleet_server.ingest import clock, posts, presence, refusals, scans
from fleet_server.ingest.judge import Accepted, Judged, Refused, refuse
from fleet_server.ingest.posts import Station
from fleet_server.ingest.presence import Heard
from fleet_server.ingest.refusals import NO_POSTING, UNKNOWN_KIOSK, Filed
from fleet_server.ingest.scans import Candidate, Inserted, Name
from fleet_server.tracing import stale
from wire.receipts import CONFLICT


@dataclass(slots=True)
class Outcome:
    """What became of one message's records."""

    source: str
    epoch: str
    stored: list[int] = field(default_factory=list)
    """Counters that are in the database now, whether by this message or before."""
    refused: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message says that the record of this name has this content."""

    outcome: Outcome
    name: Name
    accepted: Accepted


def store(
    connection: Connection, messages: Sequence[Judged], heard: Sequence[Heard], *, now_ms: int
) -> list[Outcome]:
    """Stores what can be stored and files the rest; one outcome per message of `messages`.

    In the caller's writing transaction: no outcome is true before that is committed.
    """
    refs = {message.source for message in messages} | {each.kiosk for each in heard}
    stations = posts.load(connection, refs)
    candidates: dict[Name, Candidate] = {}
    outcomes: list[Outcome] = []
    claims: list[_Claim] = []
    for message in messages:
        outcome = Outcome(message.source, message.epoch, refused=list(message.refused))
        outcomes.append(outcome)
        claims += _admit(message, stations.get(message.source), outcome, candidates)
    inserted = scans.write(connection, candidates, at_s=now_ms // 1000)
    conflicts = _settle(connection, claims, candidates, inserted)
    _listen(connection, messages, heard, stations)
    received = [message.received_ms for message in messages]
    filed = [
        Filed(outcome.source, outcome.epoch, refused, received_ms)
        for outcome, received_ms in zip(outcomes, received, strict=True)
        for refused in outcome.refused
    ]
    refusals.keep(connection, filed + _strangers(heard, stations, now_ms))
    for name in conflicts:
        detail = f"record {name.epoch} {name.counter} came again with other content"
        refusals.raise_alarm(
            connection, CONFLICT, kiosk_id=name.kiosk_id, detail=detail, at_ms=now_ms
        )
    _connect(connection, inserted, now_ms)
    return outcomes


def _admit(
    message: Judged,
    station: Station | None,
    outcome: Outcome,
    candidates: dict[Name, Candidate],
) -> list[_Claim]:
    """Adds the message's records to the candidates; refuses them where the kiosk has no place."""
    if station is None or station.revoked:
        state = "unknown here" if station is None else "revoked"
        detail = f"kiosk {message.source} is {state}"
        outcome.refused += [_refused(each, UNKNOWN_KIOSK, detail) for each in message.accepted]
        return []
    claims: list[_Claim] = []
    for accepted in message.accepted:
        times = clock.correct(accepted.record, message.clock, message.received_ms)
        post = station.at(times.corrected // 1000)
        if post is None:
            detail = f"kiosk {message.source} stands at no venue"
            outcome.refused.append(_refused(accepted, NO_POSTING, detail))
            continue
        name = Name(station.id, message.epoch, accepted.record.counter)
        candidates.setdefault(name, Candidate(accepted, message.received_ms, times, post))
        claims.append(_Claim(outcome, name, accepted))
    return claims


def _settle(
    connection: Connection,
    claims: Sequence[_Claim],
    candidates: dict[Name, Candidate],
    inserted: Inserted,
) -> list[Name]:
    """Whoever claims what is stored under that name is served; the names claimed otherwise."""
    digests = {name: candidates[name].accepted.digest for name in inserted.scans}
    digests |= {name: candidates[name].accepted.digest for name in inserted.companions}
    digests |= scans.digests(connection, candidates.keys() - digests.keys())
    conflicts: set[Name] = set()
    for claim in claims:
        if digests[claim.name] == claim.accepted.digest:
            claim.outcome.stored.append(claim.name.counter)
        else:
            detail = "a record of this kiosk, epoch and counter is stored with other content"
            claim.outcome.refused.append(_refused(claim.accepted, CONFLICT, detail))
            conflicts.add(claim.name)
    return sorted(conflicts)


def _listen(
    connection: Connection,
    messages: Sequence[Judged],
    heard: Sequence[Heard],
    stations: dict[str, Station],
) -> None:
    """Who spoke, and what they said of themselves."""
    spoke = [Heard(message.source, _said_ms(message)) for message in messages]
    known = {ref: station.id for ref, station in stations.items() if not station.revoked}
    presence.store(
        connection, [(known[each.kiosk], each) for each in [*heard, *spoke] if each.kiosk in known]
    )


def _said_ms(message: Judged) -> int:
    """When a kiosk sent a batch, which may have waited at the broker while the ingest was away."""
    clock, received_ms = message.clock, message.received_ms
    return min(clock.wall_ms, received_ms) if clock.synced else received_ms


def _strangers(heard: Sequence[Heard], stations: dict[str, Station], now_ms: int) -> list[Filed]:
    """What kiosks we do not know said of themselves: only counted, as they say it each minute."""
    filed = []
    for each in heard:
        station = stations.get(each.kiosk)
        if station is None or station.revoked:
            refused = refuse(b"", UNKNOWN_KIOSK, f"kiosk {each.kiosk} tells its state")
            filed.append(Filed(each.kiosk, "", refused, now_ms))
    return filed


def _connect(connection: Connection, inserted: Inserted, now_ms: int) -> None:
    """Links the pseudonyms that came together, and notes whose visits are to be derived."""
    pairs: dict[links.Pair, int] = {}
    for scan_id, pseudonyms in inserted.scans.values():
        for pair in links.pairs_of(pseudonyms):
            pairs.setdefault(pair, scan_id)
    carried = {pseudonym for _, held in inserted.scans.values() for pseudonym in held}
    # By the person each number was first seen as: whoever others link it to meanwhile, from there
    # the derivation finds them.
    stale.mark(connection, {inserted.persons[pseudonym] for pseudonym in carried}, now_ms)
    merged = links.join_scans(connection, pairs, at_ms=now_ms)
    links.report(connection, merged, fresh=inserted.fresh, at_ms=now_ms)


def _refused(accepted: Accepted, reason: str, detail: str) -> Refused:
    return refuse(accepted.raw, reason, detail, counter=accepted.record.counter)
