"""Who was exposed, answered from the tables: fetched as narrowly as can be, computed purely."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection

from fleet_server.times import iso
from fleet_server.tracing import handmade, places, search, visitors
from fleet_server.tracing.answers import (
    ChangedContact,
    ChangesAnswer,
    Contact,
    ContactsAnswer,
    Counts,
    CountsAnswer,
    Gap,
    PresentAnswer,
    RoomShare,
)
from fleet_server.tracing.columns import NO_ROOM
from fleet_server.tracing.exposure import Exposure, Exposures, Shared, exposures
from fleet_server.tracing.gaps import gaps
from fleet_server.tracing.handmade import Handmade
from fleet_server.tracing.places import KnownVenue
from fleet_server.tracing.reach import Question, Stay, reach
from fleet_server.tracing.rules import Terms
from fleet_server.tracing.search import Window


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way: by which terms and by whose knowledge it is answered."""

    question: Question
    terms: Terms
    now: int
    """Seconds UTC."""
    known_ms: int | None = None
    """Answered by what was known then; None: by all that is known."""

    _venues: dict[int, KnownVenue] = field(default_factory=dict)
    """Those looked up so far: a question meets the same few again and again."""

    @property
    def window(self) -> Window:
        return Window(self.question.since, self.question.until)

    def venues(self, connection: Connection, ids: Collection[int]) -> dict[int, KnownVenue]:
        """These venues by id."""
        if missing := set(ids) - self._venues.keys():
            self._venues.update(places.venues(connection, missing))
        return {venue: self._venues[venue] for venue in ids}

    def dwells(self, connection: Connection, ids: Collection[int]) -> dict[int, int]:
        """How long people are taken to stay at these venues, seconds by id."""
        return places.dwells(self.venues(connection, ids), self.question, self.terms)


class Met(NamedTuple):
    """What a search for contacts found."""

    exposed: Exposures
    rooms: Mapping[int, Mapping[int, Shared]]
    """Person and room → seconds shared, where both knew theirs."""
    venues: Collection[int]
    """The index person's."""


def index_stays(
    connection: Connection, person_id: int, asked: Asked, by_hand: Sequence[Handmade] = ()
) -> list[Stay]:
    """The index person's stays, those by hand in place of the derived ones they overlap."""
    persons = selves(connection, person_id, asked)
    visits = search.visits_of(connection, persons, asked.window, known_ms=asked.known_ms)
    derived = search.stays(visits, asked.dwells(connection, search.venues_of(visits)))
    venue_ids = [places.resolve(connection, hand.venue) if hand.venue else None for hand in by_hand]
    return handmade.instead(derived, by_hand, venue_ids) if by_hand else derived


def selves(connection: Connection, person_id: int, asked: Asked) -> list[int]:
    """The persons whose stays are this one's: as they were known then, also of those that links
    made one with it since."""
    return [person_id] if asked.known_ms is None else visitors.selves(connection, person_id)


def meet(
    connection: Connection, stays: Sequence[Stay], asked: Asked, *, but: Sequence[int] = ()
) -> Met:
    """Everyone whose stays overlap these, by place and by room."""
    question = asked.question
    reached = reach(stays, question)
    dwell_s = asked.dwells(connection, set(reached.venues))
    found = search.groups(connection, reached, dwell_s, known_ms=asked.known_ms)
    exposed = exposures(reached, found, question.rule, but=but)
    rooms: dict[int, dict[int, Shared]] = {}
    if any(stay.room != NO_ROOM for stay in stays):
        within = reach(stays, question, rooms=True)
        found = search.groups(connection, within, dwell_s, rooms=True, known_ms=asked.known_ms)
        rooms = exposures(within, found, question.rule, but=but, rooms=True).shared()
    return Met(exposed, rooms, {stay.venue for stay in stays})


def contacts(
    connection: Connection,
    person_id: int,
    asked: Asked,
    *,
    by_hand: Sequence[Handmade] = (),
    limit: int | None = None,
) -> tuple[ContactsAnswer, int]:
    """Everyone who shared a place with the person, ranked, and how many there are."""
    stays = index_stays(connection, person_id, asked, by_hand)
    met = meet(connection, stays, asked, but=selves(connection, person_id, asked))
    answer = ContactsAnswer(
        visitor=visitor_ref(connection, person_id),
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, met.venues, asked),
        contacts=listed(connection, met, asked, limit),
    )
    return answer, len(met.exposed)


def counts(
    connection: Connection, person_id: int, asked: Asked, *, by_hand: Sequence[Handmade] = ()
) -> CountsAnswer:
    """How many contacts of each tier there are."""
    stays = index_stays(connection, person_id, asked, by_hand)
    met = meet(connection, stays, asked, but=selves(connection, person_id, asked))
    return CountsAnswer(
        visitor=visitor_ref(connection, person_id),
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, met.venues, asked),
        counts=Counts(**met.exposed.counts()),
        alike=met.exposed.most_alike(),
    )


def changes(
    connection: Connection,
    person_id: int,
    asked: Asked,
    *,
    since_ms: int,
    by_hand: Sequence[Handmade] = (),
) -> ChangesAnswer:
    """What is answered otherwise than by what was known at `since_ms`."""
    then = replace(asked, known_ms=since_ms)
    before, _ = contacts(connection, person_id, then, by_hand=by_hand)
    after, _ = contacts(connection, person_id, asked, by_hand=by_hand)
    was = {contact.visitor: contact for contact in before.contacts}
    now = {contact.visitor: contact for contact in after.contacts}
    return ChangesAnswer(
        visitor=after.visitor,
        rule=after.rule,
        as_of=after.as_of,
        gaps=after.gaps,
        since=iso(since_ms // 1000),
        added=[contact for ref, contact in now.items() if ref not in was],
        removed=[contact for ref, contact in was.items() if ref not in now],
        changed=[
            ChangedContact(was=was[ref], now=contact)
            for ref, contact in now.items()
            if ref in was and was[ref] != contact
        ],
    )


def present(
    connection: Connection, venue_id: int, asked: Asked, *, limit: int | None = None
) -> tuple[PresentAnswer, int]:
    """Who was at a venue, as if somebody had been there all the window."""
    window = (asked.question.since, asked.question.until)
    met = meet(connection, [Stay(venue_id, NO_ROOM, window, window, window)], asked)
    venue = asked.venues(connection, [venue_id])[venue_id]
    answer = PresentAnswer(
        venue=venue.ref,
        rule=asked.question.rule,
        as_of=as_of(asked),
        gaps=gaps_of(connection, [venue_id], asked),
        present=listed(connection, met, asked, limit),
    )
    return answer, len(met.exposed)


def listed(
    connection: Connection, met: Met, asked: Asked, limit: int | None = None
) -> list[Contact]:
    """Contacts as they are said to a tracer, ranked, the first `limit` of them."""

    def refs(persons: Sequence[int]) -> list[str]:
        return visitors.in_order(connection, persons)

    order = met.exposed.ranked(refs)[:limit].tolist()
    return said(connection, met.exposed.at(order), asked, met.rooms)


def said(
    connection: Connection,
    exposed: Sequence[Exposure],
    asked: Asked,
    rooms: Mapping[int, Mapping[int, Shared]] | None = None,
) -> list[Contact]:
    """Exposures in references, in their order."""
    shared = rooms or {}
    refs = visitors.refs(connection, [each.person for each in exposed])
    venues = asked.venues(connection, {place for each in exposed for place in each.places})
    room_refs = places.rooms(connection, {room for found in shared.values() for room in found})
    return [
        Contact(
            visitor=refs[each.person],
            tier=each.tier,
            certain_s=each.shared.certain_s,
            expected_s=each.shared.expected_s,
            possible_s=each.shared.possible_s,
            first=iso(each.first),
            places=sorted(venues[place].ref for place in each.places),
            rooms=_rooms(room_refs, shared.get(each.person, {})),
        )
        for each in exposed
    ]


def visitor_ref(connection: Connection, person_id: int) -> str:
    return visitors.refs(connection, [person_id])[person_id]


def as_of(asked: Asked) -> str:
    return iso(asked.now if asked.known_ms is None else asked.known_ms // 1000)


def gaps_of(connection: Connection, venues: Collection[int], asked: Asked) -> list[Gap]:
    """What may be missing; where no place is known, any kiosk's silence may be the reason."""
    question = asked.question
    return gaps(connection, set(venues) or None, question.since, question.until, now=asked.now)


def _rooms(refs: Mapping[int, tuple[str, str]], shared: Mapping[int, Shared]) -> list[RoomShare]:
    return sorted(
        (
            RoomShare(
                place=refs[room][0],
                room=refs[room][1],
                certain_s=seconds.certain_s,
                expected_s=seconds.expected_s,
                possible_s=seconds.possible_s,
            )
            for room, seconds in shared.items()
        ),
        key=lambda share: (share.place, share.room),
    )
