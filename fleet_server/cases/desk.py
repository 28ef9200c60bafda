"""One door to cases for commands, API and pages: each method is one thing somebody does."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Engine

from fleet_server import database
from fleet_server.cases import (
    changes,
    contact_list,
    contacts,
    evaluation,
    finding,
    freezing,
    milestones,
    names,
    persons,
    preview,
    register,
    roster,
    sharing,
    spread,
    summary,
)
from fleet_server.cases import notice as public
from fleet_server.cases.acting import Acting, Actor, enter, hold
from fleet_server.cases.changes import Changes
from fleet_server.cases.contact_list import CaseContact, Filter, Listing, Offered
from fleet_server.cases.contacts import Event
from fleet_server.cases.freezing import Frozen, Signer
from fleet_server.cases.names import Named, Opener, Opening
from fleet_server.cases.notice import Notice
from fleet_server.cases.results import EvaluatedExposure, Evaluation, MilestoneSeen, Preview
from fleet_server.cases.sharing import SharedPlaces
from fleet_server.cases.spread import Spread
from fleet_server.cases.summary import CaseSeen, IndexSeen
from fleet_server.errors import Refused
from fleet_server.settings import Privacy
from fleet_server.tracing.answers import Gap

A = TypeVar("A")


class Vault(Opener, Signer, Protocol):
    """What is asked of the vault."""

    def find(self, kind: str, number: str, *, case: str, purpose: str, actor: str) -> list[str]: ...


@dataclass(frozen=True)
class CaseDesk:
    """Somebody at work. All raise NotKnown for a case that is none of theirs, and Refused."""

    engine: Engine
    vault: Vault
    actor: Actor
    now_ms: int
    zone: ZoneInfo
    privacy: Privacy

    def begin(self, ref: str, **about: Any) -> CaseSeen:
        """Begins a case (`register.open_case`)."""
        with self._writing() as connection:
            register.open_case(connection, self.actor, ref, now_ms=self.now_ms, **about)
        return self.show(ref)

    def listed(
        self, *, closed: bool = False, offset: int = 0, limit: int | None = None
    ) -> list[CaseSeen]:
        """Cases, the newest first: `limit` of them after the first `offset`."""
        with self.engine.connect() as connection:
            found = register.listed(connection, self.actor, closed=closed)[offset:]
            return summary.seen(connection, found[:limit])

    def show(self, ref: str) -> CaseSeen:
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return summary.seen(connection, [case])[0]

    def amend(
        self,
        ref: str,
        *,
        lab_ref: str | None = None,
        rule: str | None = None,
        **times: int | None,
    ) -> CaseSeen:
        """Laboratory reference, rule, `onset_at`, `isolated_at`, `since_at`, `until_at`."""
        with self._at(ref) as (connection, acting):
            if lab_ref is not None:
                register.set_lab(connection, acting, lab_ref)
            if rule is not None:
                register.set_rule(connection, acting, rule)
            register.set_times(connection, acting, **times)
        return self.show(ref)

    def confirm_lab(self, ref: str, lab_ref: str) -> None:
        refusal = None
        with self._at(ref) as (connection, acting):
            try:
                register.confirm_lab(connection, acting, lab_ref)
            except Refused as problem:
                # A number that does not match stays on record.
                refusal = problem
        if refusal is not None:
            raise refusal

    def close(self, ref: str, words: str) -> None:
        self._do(ref, lambda connection, acting: register.close(connection, acting, words))

    def find(self, ref: str, kind: str, number: str, purpose: str) -> list[str]:
        """References of the visitors with this number, as the vault answers."""
        with self.engine.connect() as connection:
            self._enter(connection, ref)
        return self.vault.find(kind, number, case=ref, purpose=purpose, actor=self.actor.name)

    def add_index(self, ref: str, visitor: str, reason: str) -> IndexSeen:
        member = self._do(
            ref, lambda connection, acting: persons.add_index(connection, acting, visitor, reason)
        )
        return IndexSeen(ref=member.ref, visitor=f"P{member.person_id}")

    def remove_index(self, ref: str, person: str, reason: str) -> None:
        self._do(
            ref, lambda connection, acting: persons.remove_index(connection, acting, person, reason)
        )

    def people(self, ref: str) -> dict[str, roster.Member]:
        """Who each reference of the case stands for today."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return roster.by_ref(connection, case.id)

    def link(self, ref: str, first: str, second: str, reason: str) -> tuple[int, int]:
        """The link's number and the person's."""
        return self._do(
            ref, lambda connection, acting: persons.link(connection, acting, first, second, reason)
        )

    def links(self, ref: str) -> list[persons.LinkSeen]:
        """Links made in the case that are in force."""
        with self.engine.connect() as connection:
            return persons.linked(connection, self._enter(connection, ref, closed=True))

    def unlink(self, ref: str, link_id: int, reason: str) -> set[int]:
        return self._do(
            ref, lambda connection, acting: persons.unlink(connection, acting, link_id, reason)
        )

    def milestones(self, ref: str, *, all_of_them: bool = False) -> list[MilestoneSeen]:
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            found = milestones.listed(connection, case.id, all_of_them=all_of_them)
        return [evaluation.seen(each) for each in found]

    def add_milestone(self, ref: str, person: str, text: str, note: str = "") -> int:
        return self._do(
            ref,
            lambda connection, acting: milestones.add(
                connection, acting, person, text, zone=self.zone, note=note
            ),
        )

    def correct_milestone(self, ref: str, number: int, text: str, note: str = "") -> int:
        return self._do(
            ref,
            lambda connection, acting: milestones.correct(
                connection, acting, number, text, zone=self.zone, note=note
            ),
        )

    def decide_milestone(self, ref: str, number: int, state: str, note: str = "") -> None:
        self._do(
            ref,
            lambda connection, acting: milestones.decide(connection, acting, number, state, note),
        )

    def gaps(self, ref: str) -> list[Gap]:
        """What may be missing where its index persons were, as things are now."""
        with self.engine.connect() as connection:
            return finding.gaps_now(connection, self._enter(connection, ref, closed=True))

    def preview(self, ref: str, **terms: Any) -> Preview:
        return preview.preview(self.engine, self._acting(ref), **terms)

    def evaluate(self, ref: str) -> tuple[int, Evaluation]:
        return evaluation.evaluate(self.engine, self.vault, self._acting(ref))

    def changes(self, ref: str, *, saw: bool = True) -> Changes:
        """What the actor has not seen yet; `saw`: and has now."""
        if not saw:
            with self.engine.connect() as connection:
                return changes.since_last_look(
                    connection, self._enter(connection, ref, closed=True)
                )
        with self._at(ref) as (connection, acting):
            found = changes.since_last_look(connection, acting)
            changes.saw(connection, acting, found.result)
        return found

    def contacts(self, ref: str, which: Filter = contact_list.ALL) -> list[CaseContact]:
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contact_list.listed(connection, case.id, which)

    def listing(
        self,
        ref: str,
        which: Filter = contact_list.ALL,
        *,
        offset: int = 0,
        limit: int,
        to_call_first: bool = False,
    ) -> Listing:
        """Some contacts, and how many there are."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contact_list.listing(
                connection,
                case.id,
                which,
                offset=offset,
                limit=limit,
                to_call_first=to_call_first,
            )

    def offered(
        self, ref: str, which: Filter = contact_list.ALL, *, limit: int
    ) -> tuple[list[Offered], int]:
        """The closest contacts, to choose from, and how many there are."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contact_list.offered(connection, case.id, which, limit=limit)

    def tally(self, ref: str) -> Counter[tuple[str, str]]:
        """How many contacts have each role and tier."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contact_list.tally(connection, case.id)

    def contact(self, ref: str, person: str) -> tuple[CaseContact, list[EvaluatedExposure]]:
        """One contact, with each exposure and the scans behind it as the last evaluation has them.

        Raises NotKnown.
        """
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            found = contact_list.one(connection, case.id, person)
            return found, contacts.kept_exposures(connection, case.id, found.ref)

    def spread(self, ref: str) -> Spread:
        """Who may have infected whom, by the last evaluation."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return spread.spread(connection, case.id)

    def shared_places(
        self, ref: str, people: Sequence[str], *, since: int | None, until: int | None
    ) -> SharedPlaces:
        """Where these people of the case all were; on record."""
        with self.engine.connect() as connection:
            acting = self._enter(connection, ref, closed=True)
        return sharing.shared_places(self.engine, acting, people, since=since, until=until)

    def decide(
        self, ref: str, person: str, state: str, *, words: str = "", area: str | None = None
    ) -> int | None:
        return contacts.decide(
            self.engine, self.vault, self._acting(ref), person, state, words=words, area=area
        )

    def call(self, ref: str, person: str, *, reachable: bool, words: str = "") -> None:
        self._do(
            ref,
            lambda connection, acting: contacts.call(
                connection, acting, person, reachable=reachable, words=words
            ),
        )

    def set_area(self, ref: str, person: str, area: str) -> None:
        self._do(
            ref, lambda connection, acting: contacts.set_area(connection, acting, person, area)
        )

    def say(self, ref: str, words: str, *, person: str | None = None) -> None:
        self._do(
            ref, lambda connection, acting: contacts.say(connection, acting, words, ref=person)
        )

    def latest_events(self, ref: str, count: int) -> tuple[list[Event], int]:
        """The last so many, newest first, and how many are older."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contacts.latest_events(connection, case.id, count)

    def events(self, ref: str, *, person: str | None = None) -> list[Event]:
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return contacts.events(connection, case.id, ref=person)

    def open_names(
        self, ref: str, people: Sequence[str], purpose: str, opening: int | None = None
    ) -> list[Named]:
        return names.open_names(
            self.engine, self.vault, self._acting(ref), people, purpose=purpose, opening=opening
        )

    def ask_names(self, ref: str, people: Sequence[str], purpose: str) -> int:
        return self._do(
            ref,
            lambda connection, acting: names.ask(connection, acting, people, purpose=purpose),
        )

    def break_glass(self, ref: str, people: Sequence[str], purpose: str, reason: str) -> int:
        return self._do(
            ref,
            lambda connection, acting: names.break_glass(
                connection,
                acting,
                people,
                purpose=purpose,
                reason=reason,
                review_hours=self.privacy.review_hours,
            ),
        )

    def decide_opening(self, ref: str, opening: int, *, approve: bool, reason: str = "") -> None:
        self._do(
            ref,
            lambda connection, acting: names.decide(
                connection, acting, opening, approve=approve, reason=reason
            ),
        )

    def review_opening(self, ref: str, opening: int, verdict: str) -> None:
        self._do(ref, lambda connection, acting: names.review(connection, acting, opening, verdict))

    def openings(self, ref: str) -> list[Opening]:
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return names.listed(connection, case.id)

    def opening_people(self, ref: str, opening: int) -> list[str]:
        """References of those a request is about."""
        with self.engine.connect() as connection:
            return names.people_of(connection, self._enter(connection, ref, closed=True), opening)

    def waiting(self) -> list[names.Waiting]:
        """What waits for the actor as a second person, in all cases of their area."""
        with self.engine.connect() as connection:
            return names.waiting(connection, self.actor)

    def results(self, ref: str) -> list[tuple[int, int, str, str]]:
        """Kept results (`freezing.listed`)."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return freezing.listed(connection, case.id)

    def result(
        self, ref: str, number: int, key: Ed25519PublicKey | None, *, part: Any = Any
    ) -> Frozen:
        """A kept result, checked with `key`; `part` of it (`freezing.load`)."""
        with self.engine.connect() as connection:
            case = self._enter(connection, ref, closed=True).case
            return freezing.load(connection, case.id, number, key, part=part)

    def notice(self, ref: str) -> Notice:
        """A public notice of the confirmed milestones; on record."""

        def make(connection: Connection, acting: Acting) -> Notice:
            listed = milestones.listed(connection, acting.case.id)
            made = public.notice(ref, acting.case.disease, listed, zone=self.zone)
            acting.note(connection, "notice_made", detail={"places": len(made.places)})
            return made

        return self._do(ref, make)

    def exported(self, ref: str, name: str, *, rows: int, sha256: str) -> None:
        """Puts on record that a file left the case; a closed one's may, too."""
        with self._writing() as connection:
            acting = self._enter(connection, ref, closed=True)
            acting.note(
                connection, "exported", detail={"file": name, "rows": rows, "sha256": sha256}
            )

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.engine.execution_options(**database.WRITES).begin() as connection:
            yield connection

    @contextmanager
    def _at(self, ref: str) -> Iterator[tuple[Connection, Acting]]:
        with self._writing() as connection:
            hold(connection, ref)
            yield connection, self._enter(connection, ref)

    def _do(self, ref: str, what: Callable[[Connection, Acting], A]) -> A:
        with self._at(ref) as (connection, acting):
            return what(connection, acting)

    def _acting(self, ref: str) -> Acting:
        with self.engine.connect() as connection:
            return self._enter(connection, ref)

    def _enter(self, connection: Connection, ref: str, *, closed: bool = False) -> Acting:
        return enter(connection, ref, self.actor, now_ms=self.now_ms, closed=closed)
