"""The vault: the only process that can open an identity or turn a number into a visitor.

Every answer and every miss is in the audit log before it is given; where that cannot be written,
nothing is given. Names and numbers never reach a log file.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.exc import SQLAlchemyError

from fleet_server import bulk, database
from fleet_server.errors import KeysError, NotKnown
from fleet_server.fleet import card_rows
from fleet_server.fleet.card_office import CardOffice
from fleet_server.fleet.card_rows import Row
from fleet_server.fleet.references import Taken, Unfit
from fleet_server.identity import audit, indexing, links, numbers, opening, policy
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.numbers import BadNumber
from fleet_server.identity.policy import Ground
from fleet_server.identity.pseudonyms import PseudonymKey
from fleet_server.identity.vault_messages import (
    BadRequest,
    CardMade,
    Failed,
    Find,
    Found,
    Issue,
    Issued,
    NotPermitted,
    Open,
    Opened,
    OpenedPerson,
    Reply,
    Request,
    Revoke,
    Revoked,
    Sign,
    Signed,
)
from fleet_server.models import Base, Pseudonym, SealedNumber

log = logging.getLogger(__name__)

_OPENED: Final[Table] = Base.metadata.tables["opened_names"]


class Vault:
    """Answers requests. Holds the keys; knows nothing of sockets."""

    def __init__(
        self,
        engine: Engine,
        *,
        key: X25519PrivateKey,
        sign: Ed25519PrivateKey,
        pseudonyms: PseudonymKey,
        card_keys: Mapping[str, Ed25519PublicKey],
        names_per_day: int,
        now_ms: Callable[[], int],
        office: CardOffice | None = None,
    ) -> None:
        """`office`: None where cards are issued elsewhere."""
        self._engine = engine
        self._writing = engine.execution_options(**database.WRITES)
        self._key = key
        self._sign_key = sign
        self._pseudonyms = pseudonyms
        self._card_keys = card_keys
        self._names_per_day = names_per_day
        self._now_ms = now_ms
        self._office = office

    def answer(self, line: bytes, *, uid: int) -> Reply:
        """The reply to one line; `uid` is the caller's, as the kernel says."""
        try:
            request = messages.parse(line)
        except BadRequest as problem:
            return Failed(reason="bad_request", detail=str(problem))
        try:
            return self._permitted_answer(request, uid)
        except BadNumber as problem:
            return Failed(reason="bad_number", detail=str(problem))
        except Unfit as problem:
            return Failed(reason="bad_request", detail=str(problem))
        except KeysError as problem:
            log.warning("%s", problem)
            return Failed(reason="away", detail=str(problem))
        except SQLAlchemyError as problem:
            # Only the kind of trouble: a statement's parameters may be what was asked for.
            log.warning("database: %s; nothing was opened", type(problem).__name__)
            return Failed(
                reason="away",
                detail="cơ sở dữ liệu không trả lời / the vault's database or audit log does not "
                "answer; nothing was opened",
            )

    def _permitted_answer(self, request: Request, uid: int) -> Reply:
        try:
            if isinstance(request, Open):
                return self._open(request, uid)
            if isinstance(request, Find):
                return self._find(request, uid)
            if isinstance(request, Issue):
                return self._issue(request, uid)
            if isinstance(request, Revoke):
                return self._revoke(request, uid)
            return self._sign(request, uid)
        except NotPermitted as problem:
            with self._writing.begin() as connection:
                told = self._line(request, uid, self._now_ms(), "", {"refused": True})
                audit.append_all(connection, [told])
            return Failed(reason="not_permitted", detail=str(problem))

    def index(self) -> int:
        """Makes people findable by numbers in their identities; how many identities were read."""
        return indexing.index(self._engine, self._key, self._pseudonyms, now_ms=self._now_ms())

    def _open(self, request: Open, uid: int) -> Opened:
        now_ms = self._now_ms()
        with self._engine.connect() as connection:
            leads = links.today(connection, filter(None, map(links.number_of, request.persons)))
            persons = sorted(set(leads.values()))
            self._permitted(connection, request, persons, now_ms)
            opened = opening.open_persons(connection, request.persons, leads, self._key)
        with self._writing.begin() as connection:
            # Again, and for good: meanwhile the day's number, the case or a person's wish may have
            # changed.
            ground = self._permitted(connection, request, persons, now_ms)
            if ground.restricted:
                opened = [_withheld(each, ground) for each in opened]
            if ground.case_id is not None and persons:
                rows = [
                    {"actor": request.actor, "at_ms": now_ms, "person_id": person}
                    | {"case_id": ground.case_id}
                    for person in persons
                ]
                bulk.add(connection, _OPENED, rows)
            audit.append_all(
                connection,
                [
                    # What was asked for and is nobody's reference may be somebody's number.
                    self._line(request, uid, now_ms, each.person, _seen(each))
                    for each in opened
                ],
            )
        return Opened(persons=opened)

    def _permitted(
        self, connection: Connection, request: Open, persons: list[int], now_ms: int
    ) -> Ground:
        return policy.may_open(
            connection,
            request.case,
            request.actor,
            persons,
            opening=request.opening,
            limit=self._names_per_day,
            now_ms=now_ms,
        )

    def _find(self, request: Find, uid: int) -> Found:
        wanted = numbers.stable_keys(request.kind, request.number, self._card_keys)
        digests = [self._pseudonyms.digest(key.space, key.value) for key in wanted]
        # What somebody asks about their own data stays about whose number it is, also where a link
        # that made them one with another is undone before it is answered.
        own = request.case.startswith(policy.RIGHT)
        person = (Pseudonym.own_person_id if own else Pseudonym.person_id).label("person_id")
        with self._engine.connect() as connection:
            policy.may_find(connection, request.case)
            by_code = select(Pseudonym.digest, person).where(Pseudonym.digest.in_(digests))
            by_identity = (
                select(SealedNumber.digest, person)
                .join(Pseudonym, Pseudonym.id == SealedNumber.pseudonym_id)
                .where(SealedNumber.digest.in_(digests))
            )
            rows = [*connection.execute(by_code), *connection.execute(by_identity)]
        rows.sort(key=lambda row: (digests.index(bytes(row.digest)), row.person_id))
        found = list(dict.fromkeys(f"P{row.person_id}" for row in rows))
        now_ms = self._now_ms()
        with self._writing.begin() as connection:
            audit.append_all(
                connection,
                [
                    self._line(
                        request, uid, now_ms, subject, {"by": request.kind, "found": bool(found)}
                    )
                    for subject in found or [""]
                ],
            )
        return Found(persons=found)

    def _sign(self, request: Sign, uid: int) -> Signed:
        statement = messages.statement(
            request.case, request.decision, request.at_ms, request.digest
        )
        detail = {"decision": request.decision, "digest": request.digest}
        with self._writing.begin() as connection:
            audit.append_all(connection, [self._line(request, uid, self._now_ms(), "", detail)])
        return Signed(signature=self._sign_key.sign(statement))

    def _issue(self, request: Issue, uid: int) -> Issued:
        office, now_ms = self._with_cards(), self._now_ms()
        rows = [
            Row(number, card_rows.identity(each.name, each.phone, each.commune), "")
            for number, each in enumerate(request.holders, 1)
        ]
        with self._writing.begin() as connection:
            policy.may_issue(connection, request.actor)
            made = office.issue(connection, request.batch, rows, at_ms=now_ms, actor=request.actor)
            fresh = sum(each.fresh for each in made)
            told = {"cards": len(made), "fresh": fresh}
            audit.append_all(connection, [self._line(request, uid, now_ms, "", told)])
        return Issued(
            cards=[
                CardMade(
                    id=each.id,
                    text=each.text,
                    visitor=each.visitor,
                    fresh=each.fresh,
                    revoked=each.revoked,
                )
                for each in made
            ]
        )

    def _revoke(self, request: Revoke, uid: int) -> Revoked | Failed:
        office, now_ms = self._with_cards(), self._now_ms()
        visitor, failed = "", None
        with self._writing.begin() as connection:
            policy.may_issue(connection, request.actor)
            try:
                visitor = office.revoke(
                    connection,
                    request.card,
                    reason=request.reason,
                    at_ms=now_ms,
                    actor=request.actor,
                )
            except NotKnown as problem:
                failed = Failed(reason="not_known", detail=str(problem))
            except Taken as problem:
                failed = Failed(reason="taken", detail=str(problem))
            told = {"found": failed is None or failed.reason == "taken"}
            audit.append_all(connection, [self._line(request, uid, now_ms, visitor, told)])
        return failed or Revoked(visitor=visitor)

    def _with_cards(self) -> CardOffice:
        if self._office is None:
            raise NotPermitted(
                "kho không giữ khóa ký thẻ / the vault has no card-signing key (keys/cards); issue"
                " and revoke with `fleet card` where it is"
            )
        return self._office

    def _line(
        self, request: Request, uid: int, at_ms: int, subject: str, detail: Mapping[str, object]
    ) -> audit.Line:
        return audit.Line(
            at_ms=at_ms,
            actor=request.actor,
            action=_ACTIONS[type(request)],
            case_ref=request.case,
            purpose=request.purpose,
            subject=subject,
            detail={**detail, "uid": uid},
        )


_ACTIONS: Final = {
    Open: "vault.open",
    Find: "vault.find",
    Sign: "vault.sign",
    Issue: "vault.issue",
    Revoke: "vault.revoke",
}


def _seen(person: OpenedPerson) -> dict[str, object]:
    return {
        "found": bool(person.person),
        "identities": len(person.identities),
        **({"restricted": True} if person.restricted else {}),
    }


def _withheld(person: OpenedPerson, ground: Ground) -> OpenedPerson:
    """Nothing of somebody who had the use of their data restricted."""
    if links.number_of(person.person) not in ground.restricted:
        return person
    return OpenedPerson(visitor=person.visitor, person=person.person, restricted=True)
