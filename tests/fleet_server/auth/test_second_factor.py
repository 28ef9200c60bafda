"""Time-based codes as RFC 6238 has them, taken once; sealed secrets; recovery codes."""

import pytest
from sqlalchemy import Connection, Engine, select

from fleet_server import database
from fleet_server.auth import accounts, second_factor
from fleet_server.auth.accounts import By
from fleet_server.auth.permissions import Role
from fleet_server.auth.second_factor import SecretSeal
from fleet_server.errors import KeysError
from fleet_server.models import RecoveryCode
from tests.fleet_server.people import code_at

RFC_SECRET = b"12345678901234567890"
NOW = 1_767_000_000


def lan(connection: Connection) -> int:
    accounts.create(connection, By("t", 1), login="lan", role=Role.TRACER, password_hash="x")
    return accounts.find(connection, "lan")


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]
)
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert second_factor.step_of(RFC_SECRET, code, now=at) == at // 30
    assert second_factor.step_of(RFC_SECRET, f" {code[:3]} {code[3:]}", now=at) == at // 30


def test_a_clock_may_be_half_a_minute_off_and_no_more() -> None:
    code = code_at(RFC_SECRET, NOW)
    for off in (-30, 0, 30):
        assert second_factor.step_of(RFC_SECRET, code, now=NOW + off) == NOW // 30
    for off in (-60, 60):
        assert second_factor.step_of(RFC_SECRET, code, now=NOW + off) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "\x00"])
def test_what_is_no_code_is_of_no_step(code: str) -> None:
    assert second_factor.step_of(RFC_SECRET, code, now=NOW) is None


def test_no_code_is_taken_twice_nor_one_before_it(engine: Engine) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        account_id = lan(connection)
        assert second_factor.take(connection, account_id, 100)
        assert not second_factor.take(connection, account_id, 100)
        assert not second_factor.take(connection, account_id, 99)
        assert second_factor.take(connection, account_id, 101)


def test_a_sealed_secret_opens_with_its_key_for_its_account_only() -> None:
    seal = SecretSeal(b"k" * 32)
    sealed = seal.seal(RFC_SECRET, 7)
    assert RFC_SECRET not in sealed
    assert seal.open(sealed, 7) == RFC_SECRET
    for other, account_id in ((SecretSeal(b"x" * 32), 7), (seal, 8)):
        with pytest.raises(KeysError, match="reset-totp"):
            other.open(sealed, account_id)


def test_a_recovery_code_works_once_however_it_is_typed(engine: Engine) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        account_id = lan(connection)
        codes = second_factor.new_recovery_codes(connection, account_id)
        assert len(set(codes)) == second_factor.RECOVERY_CODES
        typed = codes[0].upper().replace("-", " ")
        assert second_factor.use_recovery_code(connection, account_id, typed, now=NOW)
        for again in (typed, codes[0], "", "aaaa-aaaa-aaaa-aaaa"):
            assert not second_factor.use_recovery_code(connection, account_id, again, now=NOW)
        assert not second_factor.use_recovery_code(connection, account_id + 1, codes[1], now=NOW)
        assert second_factor.recovery_codes_left(connection, account_id) == 9


def test_new_recovery_codes_void_the_old_and_none_is_stored(engine: Engine) -> None:
    with engine.execution_options(**database.WRITES).begin() as connection:
        account_id = lan(connection)
        old = second_factor.new_recovery_codes(connection, account_id)
        new = second_factor.new_recovery_codes(connection, account_id)
        assert not second_factor.use_recovery_code(connection, account_id, old[0], now=NOW)
        stored = repr(connection.execute(select(RecoveryCode.__table__)).all())
    assert not any(code in stored or code.replace("-", "") in stored for code in new)
