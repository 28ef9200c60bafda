"""Kept results: what they stand on goes with them, and nobody changes one unseen."""

import zlib
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from fleet_server.cases.freezing import Forged
from fleet_server.errors import NotKnown, Refused
from fleet_server.models import AuditEntry, FrozenResult, Scan, ScanKey
from fleet_server.privacy import retention
from tests.fleet_server.cases.conftest import CASE, Office, writing


@pytest.fixture
def kept(office: Office) -> int:
    office.with_seller()
    return office.desk().evaluate(CASE)[0]


def test_it_holds_stays_scans_rule_and_gaps(office: Office, kept: int) -> None:
    content = office.desk().result(CASE, kept, office.sign.public_key()).content
    assert content["rule"]["version"] == "2026-1"
    assert [gap["kiosk"] for gap in content["gaps"]] == ["cho-hai-ra"]
    assert content["index"][0]["stays"]
    meeting = content["contacts"][0]["exposures"][0]["meetings"][0]
    assert meeting["index"]["scans"]
    assert meeting["other"]["scans"]


def test_nothing_new_keeps_nothing_new(office: Office, kept: int) -> None:
    assert office.desk().evaluate(CASE)[0] == kept
    office.days.deliver()
    office.now_ms += 120_000
    assert office.desk().evaluate(CASE)[0] > kept


def _another_place(content: bytes) -> bytes:
    return content.replace(b"cho-mot", b"cho-ba ")


def _nobody(content: bytes) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(content) | {"contacts": []})


def forged(office: Office, kept: int, **values: object) -> int:
    """A copy of a kept result with something else in it, as who runs the database may write it."""
    with writing(office.engine).begin() as connection:
        row = connection.execute(select(FrozenResult.__table__).where(FrozenResult.id == kept))
        copy = {**row.mappings().one(), **values}
        del copy["id"]
        made = connection.scalar(insert(FrozenResult).values(**copy).returning(FrozenResult.id))
    assert made is not None
    return made


def test_a_kept_result_is_not_written_over(office: Office, kept: int) -> None:
    with (
        writing(office.engine).begin() as connection,
        pytest.raises(DBAPIError, match="never changed"),
    ):
        connection.execute(update(FrozenResult).values(decision="dismissed"))


def test_a_true_copy_holds(office: Office, kept: int) -> None:
    copy = office.desk().result(CASE, forged(office, kept), office.sign.public_key())
    assert copy.content["case"] == CASE


@pytest.mark.parametrize("forge", [_another_place, _nobody])
def test_forged_content_is_noticed(
    office: Office, kept: int, forge: Callable[[bytes], bytes]
) -> None:
    with office.engine.connect() as connection:
        content = zlib.decompress(
            connection.scalars(select(FrozenResult.content).where(FrozenResult.id == kept)).one()
        )
    assert forge(content) != content
    number = forged(office, kept, content=zlib.compress(forge(content)))
    with pytest.raises(Forged, match="not what was signed"):
        office.desk().result(CASE, number, office.sign.public_key())


@pytest.mark.parametrize(
    "values",
    [{"decision": "dismissed"}, {"at_ms": 1}, {"signature": bytes(64)}, {"content": b"\0"}],
    ids=lambda values: str(next(iter(values))),
)
def test_forged_surroundings_are_noticed(
    office: Office, kept: int, values: dict[str, object]
) -> None:
    number = forged(office, kept, **values)
    with pytest.raises(Forged):
        office.desk().result(CASE, number, office.sign.public_key())


def test_one_cases_result_is_none_of_anothers(office: Office, kept: int) -> None:
    office.desk().begin("CA-KHAC")
    with pytest.raises(NotKnown, match="not in this case"):
        office.desk().result("CA-KHAC", kept, office.sign.public_key())


def test_a_signature_of_another_fleet_is_none(office: Office, kept: int) -> None:
    with pytest.raises(Forged):
        office.desk().result(CASE, kept, Ed25519PrivateKey.generate().public_key())


def test_its_digest_stands_on_the_chain(office: Office, kept: int) -> None:
    digest = office.desk().result(CASE, kept, office.sign.public_key()).digest
    with office.engine.connect() as connection:
        details = connection.scalars(
            select(AuditEntry.detail).where(AuditEntry.action == "vault.sign")
        ).all()
    assert any(digest in detail for detail in details)


def test_it_is_shown_whole_when_its_days_are_gone(office: Office, kept: int) -> None:
    before = office.desk().result(CASE, kept, office.sign.public_key())
    office.now_ms += 60 * 86_400_000
    retention.run(office.engine, now_ms=office.now_ms, keep_days=30, actor="t")
    with office.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Scan)) == 0
    after = office.desk().result(CASE, kept, office.sign.public_key())
    assert after == before
    assert office.desk().contacts(CASE)


def test_it_is_shown_whole_when_scans_were_taken_away(office: Office, kept: int) -> None:
    before = office.desk().result(CASE, kept, office.sign.public_key())
    with writing(office.engine).begin() as connection:
        connection.execute(delete(ScanKey))
    assert office.desk().result(CASE, kept, office.sign.public_key()) == before


def test_what_was_found_stands_when_the_days_it_came_from_are_gone(
    office: Office, kept: int
) -> None:
    contacts, milestones = office.desk().contacts(CASE), office.desk().milestones(CASE)
    assert any(each.places == ["cho-mot"] for each in contacts)
    days = 30
    office.now_ms += (days - 2) * 86_400_000
    ran = retention.run(office.engine, keep_days=days, now_ms=office.now_ms, actor="t")
    assert ran.rows["visits"]
    told = office.desk().gaps(CASE)[0]
    assert (told.reason, told.kiosk) == ("let_go", "")
    assert "đã xóa" in told.vi
    with pytest.raises(Refused, match=f"gone since result {kept}, which stands"):
        office.desk().evaluate(CASE)
    assert office.desk().contacts(CASE) == contacts
    assert office.desk().milestones(CASE) == milestones
    # Whoever wants what is left says so.
    office.desk().amend(CASE, since_at=int(office.now_ms / 1000) - (days - 1) * 86_400)
    number, after = office.desk().evaluate(CASE)
    assert number > kept
    assert "let_go" not in {each.reason for each in after.gaps}
