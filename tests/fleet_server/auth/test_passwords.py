"""Passwords: which will do, and that a stored hash says nothing and costs what is set."""

import time
import unicodedata

import pytest

from fleet_server.auth import passwords
from fleet_server.auth.passwords import BadPassword, Passwords
from fleet_server.settings import Accounts
from tests.fleet_server.people import CHEAP, PASSWORD


def test_only_the_password_fits_its_hash() -> None:
    made = Passwords(CHEAP)
    hashed = made.hash(PASSWORD)
    assert made.fits(hashed, PASSWORD)
    assert not made.fits(hashed, PASSWORD + " ")
    assert hashed != made.hash(PASSWORD)


def test_it_fits_however_the_keyboard_writes_vietnamese() -> None:
    made = Passwords(CHEAP)
    apart = unicodedata.normalize("NFD", PASSWORD)
    assert apart != PASSWORD
    assert made.fits(made.hash(PASSWORD), apart)


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$v=19$broken", "$2b$12$abc"])
def test_what_is_no_hash_fits_nothing(hashed: str) -> None:
    assert not Passwords(CHEAP).fits(hashed, "")
    assert not Passwords(CHEAP).fits(hashed, PASSWORD)


def test_nobodys_password_takes_as_long_as_somebodys() -> None:
    made = Passwords(Accounts(hash_memory_kib=8192, hash_passes=2, hash_lanes=1))
    hashed = made.hash(PASSWORD)
    assert not made.fits(None, PASSWORD)
    took = {"known": 0.0, "unknown": 0.0}
    for _ in range(8):
        for who, given in (("known", hashed), ("unknown", None)):
            begun = time.thread_time()
            made.fits(given, "something else entirely")
            took[who] += time.thread_time() - begun
    assert 0.5 < took["known"] / took["unknown"] < 2


def test_a_hash_of_another_cost_is_stale() -> None:
    hashed = Passwords(CHEAP).hash(PASSWORD)
    assert not Passwords(CHEAP).is_stale(hashed)
    assert Passwords(Accounts(hash_memory_kib=16, hash_passes=1, hash_lanes=1)).is_stale(hashed)


@pytest.mark.parametrize(
    "password", ["short", "x" * 201, "aaaaaaaaaaaa", "abababababab", "Nguyen.Van.Mau 12"]
)
def test_what_is_easily_guessed_will_not_do(password: str) -> None:
    with pytest.raises(BadPassword):
        passwords.check(password, login="nguyen.van.mau")


def test_some_words_will_do_and_so_does_every_one_time_password() -> None:
    assert passwords.check(PASSWORD, login="lan") == PASSWORD
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    for each in made:
        assert passwords.check(each, login="quan-tri") == each
