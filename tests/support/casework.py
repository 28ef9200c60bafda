"""Cases for tests of what needs one, and a vault without its socket."""

from sqlalchemy import Connection, insert, select

from fleet_server.identity import links
from fleet_server.identity import vault_messages as messages
from fleet_server.identity.vault import Vault
from fleet_server.identity.vault_client import VaultClient
from fleet_server.identity.vault_messages import Reply, parse_reply
from fleet_server.models import Case, CasePerson


class NearVault(VaultClient):
    """A client whose vault is in this process: same lines, no socket."""

    def __init__(self, vault: Vault, *, uid: int = 7) -> None:
        self._vault = vault
        self._uid = uid

    def _exchange(self, line: bytes) -> Reply:
        return parse_reply(messages.line(self._vault.answer(line, uid=self._uid)))


def make_case(
    connection: Connection, ref: str, *, lab_ref: str = "XN-1", confirmed: bool = True
) -> int:
    """A case as it stands after its laboratory reference was confirmed; its id."""
    made = connection.scalar(
        insert(Case)
        .values(
            ref=ref,
            disease="COVID-19",
            lab_ref=lab_ref,
            lab_confirmed_at=1 if confirmed else None,
            lab_confirmed_by="giam-sat-1" if confirmed else None,
            rule_version="2026-1",
            opened_at=0,
            opened_by="truy-vet-1",
        )
        .returning(Case.id)
    )
    assert made is not None
    return made


def put_in_case(connection: Connection, ref: str, *visitors: str) -> None:
    """Visitors become contacts of a case, where they are not in it."""
    case_id = connection.scalar(select(Case.id).where(Case.ref == ref))
    for visitor in visitors:
        person = links.number_of(visitor)
        known = select(CasePerson.id).where(
            CasePerson.case_id == case_id, CasePerson.person_id == person
        )
        leads = links.today(connection, [person or 0])
        if not leads or connection.scalar(known) is not None:
            continue
        connection.execute(
            insert(CasePerson).values(
                case_id=case_id,
                person_id=person,
                ref=f"T{person}",
                role="F1",
                state="to_call",
                added_at=0,
                added_by="t",
            )
        )
